import assert from "node:assert/strict";
import { HeaderList } from "../../net/hpack/header_list.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { ScrapeCounts } from "../metrics/scrape_counts.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { scrapeHandler } from "./metrics.ts";

function request(...fields: string[]) {
  return {
    method: "GET",
    path: "/metrics",
    query: new URLSearchParams(),
    authority: "",
    headers: new HeaderList(fields, false),
    remote: LOCAL_END,
    whenGone() {},
  };
}

Deno.test("scrapeHandler() prints once for all who ask at once, and has room for so many", async () => {
  const scrapes = new ScrapeCounts();
  let printed = 0;
  const handler = scrapeHandler(scrapes, async () => {
    const text = `run ${++printed}`;
    await new Promise((resolve) => setTimeout(resolve, 0));
    return text;
  });
  const { waitingScrapes } = HTTP_LIMITS;
  const count = waitingScrapes + 50;
  const answers = await Promise.all(Array.from({ length: count }, () => handler(request())));
  assert.equal(printed, 2, "one for the first, one for those who came while it was made");
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, waitingScrapes);
  assert.equal(statuses.filter((status) => status === 503).length, 50);
  assert.deepEqual([answers[0].body, answers[1].body], ["run 1", "run 2"]);
  assert.deepEqual({ ...scrapes }, {
    inFlight: 0,
    succeeded: waitingScrapes,
    failed: 0,
    refused: 50,
  });
  assert.equal((await handler(request())).body, "run 3");
});

Deno.test("scrapeHandler() zips for those who want it, and tells what went wrong", async () => {
  const scrapes = new ScrapeCounts();
  let text: string | undefined = "text";
  const handler = scrapeHandler(scrapes, () => {
    return text === undefined ? Promise.reject(new Error("no text")) : Promise.resolve(text);
  });
  const zipped = await handler(request("accept-encoding", "gzip"));
  assert.equal(zipped.headers["content-encoding"], "gzip");
  text = undefined;
  const failed = await handler(request());
  assert.equal(failed.status, 500);
  assert.match(String(failed.body), /no text/);
  assert.equal(scrapes.failed, 1);
});
