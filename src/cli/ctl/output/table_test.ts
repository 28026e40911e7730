import assert from "node:assert/strict";
import { Member, MemberListResponse } from "../../../pb/etcdserverpb.ts";
import { byteText } from "../byte_text.ts";
import { TablePrinter } from "./table.ts";

Deno.test("TablePrinter draws columns as wide as their widest cell", () => {
  let out = "";
  const write = (text: string) => out += text;
  const printer = new TablePrinter({ write, writeError: write, isHex: false, valueOnly: false });
  const peerUrls = ["http://a:1", "http://b:2"];
  printer.memberList(MemberListResponse.create({
    members: [
      Member.create({ id: 0x8dn, name: "\u65e5", peerUrls, isLearner: true }),
      Member.create({ id: 1n, peerUrls: ["http://c:3"] }),
    ],
  }));
  assert.equal(
    out,
    byteText([
      "┌────┬───────────┬──────┬───────────────────────┬──────────────┬────────────┐",
      "│ ID │  STATUS   │ NAME │      PEER ADDRS       │ CLIENT ADDRS │ IS LEARNER │",
      "├────┼───────────┼──────┼───────────────────────┼──────────────┼────────────┤",
      "│ 8d │   started │    日 │ http://a:1,http://b:2 │              │       true │",
      "│  1 │ unstarted │      │            http://c:3 │              │      false │",
      "└────┴───────────┴──────┴───────────────────────┴──────────────┴────────────┘",
      "",
    ].join("\n")),
  );
});
