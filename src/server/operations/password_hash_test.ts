import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { lacksHash, passwordHashOf } from "./password_hash.ts";

function hashOf(hashedPassword: string): string {
  return textFromBytes(passwordHashOf({ password: "", hashedPassword }));
}

Deno.test("passwordHashOf reads base64 as Go does", () => {
  assert.equal(hashOf(bytesFromText("$2a$10$hash").toBase64()), "$2a$10$hash");
  assert.equal(hashOf(""), "");
  assert.equal(hashOf("YWI=\n"), "ab");
  assert.equal(hashOf("YW\r\nI="), "ab");
  assert.equal(hashOf("YWJ="), "ab", "bits too many");
  for (const wrong of ["YWI", "YWI==", "Y", "YWI= ", "YW I=", "YW_-", "=", "YWI=YWI="]) {
    assert.throws(() => hashOf(wrong), ETCD_ERRORS.noPasswordUser, wrong);
  }
});

Deno.test("lacksHash is true of what etcd before 3.5 wrote alone", () => {
  assert.ok(lacksHash({ password: "x", hashedPassword: "" }));
  assert.ok(!lacksHash({ password: "x", hashedPassword: "YWI=" }));
  assert.ok(!lacksHash({ password: "", hashedPassword: "" }));
});
