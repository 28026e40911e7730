import assert from "node:assert/strict";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { gatewayCall, gatewayError } from "../../harness/json_gateway.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

/** What is wrong in each text, and what the gateway says to it, by path. Recorded from etcd 3.7.1. */
const REFUSED: Readonly<Record<string, ReadonlyArray<readonly [text: string, message: string]>>> = {
  "/v3/kv/put": [
    ["{", "unexpected EOF"],
    ['{"key"', "unexpected EOF"],
    ['{"key":', "unexpected EOF"],
    ['{"key":"a"', "unexpected EOF"],
    ['{"key":"YQ"x}', "invalid character 'x' after object key:value pair"],
    ['{"key":"YQ",}', "invalid character '}' looking for beginning of object key string"],
    ['{"key":"YQ" "value":"YQ"}', "invalid character '\"' after object key:value pair"],
    ["[1,2", "unexpected EOF"],
    ["nul", "unexpected EOF"],
    ["nulx", "invalid character 'x' in literal null (expecting 'l')"],
    ["true", "proto: syntax error (line 1:1): unexpected token true"],
    ["5", "proto: syntax error (line 1:1): unexpected token 5"],
    ["-", "unexpected EOF"],
    ['"x"', 'proto: syntax error (line 1:1): unexpected token "x"'],
    ["null", "proto: syntax error (line 1:1): unexpected token null"],
    ['{"key":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"key":truth}', "invalid character 't' in literal true (expecting 'e')"],
    ['{"a":1.x}', "invalid character 'x' after decimal point in numeric literal"],
    ['{"a":1ex}', "invalid character 'x' in exponent of numeric literal"],
    ['{"a":-x}', "invalid character 'x' in numeric literal"],
    ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
    ['{"a":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"],
    ['{"a":"\u0001"}', "invalid character '\\x01' in string literal"],
    ['{"a":[1 2]}', "invalid character '2' after array element"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"key":"YQ==","key":"YQ=="}', 'proto: (line 1:15): duplicate field "key"'],
    ['{"key":{}}', "proto: (line 1:8): invalid value for bytes field key: {"],
    ['{"key":[]}', "proto: (line 1:8): invalid value for bytes field key: ["],
    ['{"key":true}', "proto: (line 1:8): invalid value for bytes field key: true"],
    ['{"key":"A"}', 'proto: (line 1:8): invalid value for bytes field key: "A"'],
    ['{"lease":"1.5"}', 'proto: (line 1:10): invalid value for int64 field lease: "1.5"'],
    [
      '{"key":"YQ==","lease":"9223372036854775808"}',
      'proto: (line 1:23): invalid value for int64 field lease: "9223372036854775808"',
    ],
    ['{"lease":" 1"}', 'proto: (line 1:10): invalid value for int64 field lease: " 1"'],
    ['{"lease":"01"}', 'proto: (line 1:10): invalid value for int64 field lease: "01"'],
    ['{"lease":""}', 'proto: (line 1:10): invalid value for int64 field lease: ""'],
    ['{"lease":1e400}', "proto: (line 1:10): invalid value for int64 field lease: 1e400"],
    ['{"lease":true}', "proto: (line 1:10): invalid value for int64 field lease: true"],
    ['{"lease":{}}', "proto: (line 1:10): invalid value for int64 field lease: {"],
    [
      '{"key":"YQ==","prev_kv":"true"}',
      'proto: (line 1:25): invalid value for bool field prevKv: "true"',
    ],
    ['{"key":"YQ==","prev_kv":1}', "proto: (line 1:25): invalid value for bool field prevKv: 1"],
    ['{"key":null,"value":null}', "etcdserver: key is not provided"],
    ['\n\n {"key":\n  5}', "proto: (line 2:3): invalid value for bytes field key: 5"],
    [
      '{"unknown":{"deep":[1,{"a":"b"}]},"key":5}',
      "proto: (line 1:41): invalid value for bytes field key: 5",
    ],
    ['{"key":"YQ==\\n"}', 'proto: (line 1:8): invalid value for bytes field key: "YQ==\\n"'],
    ['{"\\u006bey":5}', "proto: (line 1:13): invalid value for bytes field key: 5"],
    ['{"a":"\\ud800"}', "proto: unexpected EOF"],
    ['{"key":"\\ud800"}', "proto: unexpected EOF"],
    ['{"key":"_+8="}', 'proto: (line 1:8): invalid value for bytes field key: "_+8="'],
  ],
  "/v3/kv/range": [
    ['{"key":"AA==","sort_order":7}', "etcdserver: invalid sort option"],
    [
      '{"key":"AA==","sort_order":1.5}',
      "proto: (line 1:28): invalid value for enum field sortOrder: 1.5",
    ],
    [
      '{"key":"AA==","sort_order":true}',
      "proto: (line 1:28): invalid value for enum field sortOrder: true",
    ],
    [
      '{"key":"AA==","sortOrder":"ASCEND","sort_order":"NONE"}',
      'proto: (line 1:36): duplicate field "sort_order"',
    ],
    [
      '{"key":"AA==","sort_order":3000000000}',
      "proto: (line 1:28): invalid value for enum field sortOrder: 3000000000",
    ],
    ['{"range_end":"AA==","rangeEnd":"AA=="}', 'proto: (line 1:21): duplicate field "rangeEnd"'],
  ],
  "/v3/kv/txn": [
    ['{"compare":5}', "proto: syntax error (line 1:12): unexpected token 5"],
    ['{"compare":[5]}', "proto: syntax error (line 1:13): unexpected token 5"],
    ['{"compare":{}}', "proto: syntax error (line 1:12): unexpected token {"],
    [
      '{"success":[{"request_put":{},"request_range":{}}]}',
      'proto: (line 1:31): error parsing "request_range", oneof etcdserverpb.RequestOp.request is already set',
    ],
    ['{"success":[{"request_put":5}]}', "proto: syntax error (line 1:28): unexpected token 5"],
    ['{"success":[null]}', "proto: syntax error (line 1:13): unexpected token null"],
    [
      '{"compare":[{"target":"VERSION","version":"x"}]}',
      'proto: (line 1:43): invalid value for int64 field version: "x"',
    ],
    [
      '{"compare":[{"key":"AA==","version":1,"value":""}]}',
      'proto: (line 1:39): error parsing "value", oneof etcdserverpb.Compare.target_union is already set',
    ],
  ],
  "/v3/lease/grant": [
    ['{"TTL":"x"}', 'proto: (line 1:8): invalid value for int64 field TTL: "x"'],
    ['{"TTL":5.5}', "proto: (line 1:8): invalid value for int64 field TTL: 5.5"],
    [
      '{"ID":18446744073709551615}',
      "proto: (line 1:7): invalid value for int64 field ID: 18446744073709551615",
    ],
  ],
  "/v3/cluster/member/add": [
    ['{"peerURLs":"x"}', 'proto: syntax error (line 1:13): unexpected token "x"'],
    ['{"peerURLs":[5]}', "proto: (line 1:14): invalid value for string field peerURLs: 5"],
  ],
  "/v3/cluster/member/remove": [
    ['{"ID":"-1"}', 'proto: (line 1:7): invalid value for uint64 field ID: "-1"'],
    [
      '{"ID":"18446744073709551616"}',
      'proto: (line 1:7): invalid value for uint64 field ID: "18446744073709551616"',
    ],
  ],
  "/v3/auth/user/add": [
    ['{"name":5}', "proto: (line 1:9): invalid value for string field name: 5"],
    ['{"name":"\\ud83d"}', "proto: unexpected EOF"],
  ],
};

/** What looks odd and is taken all the same. */
const TAKEN: ReadonlyArray<readonly [path: string, text: string]> = [
  ["/v3/kv/put", '{"key":"YQ=="} trailing'],
  ["/v3/kv/put", '{"key":"YR"}'],
  ["/v3/kv/put", '{"key":"_-8="}'],
  ["/v3/kv/range", '{"key":"AA==","limit":1.0,"revision":"1e0"}'],
  ["/v3/kv/range", '{"key":"AA==","sort_order":"ascend"}'],
  ["/v3/kv/range", '{"limit":"-1","key":"AA=="}'],
  ["/v3/kv/txn", '{"success":[{"request_put":null,"request_range":{"key":"AA=="}}]}'],
  ["/v3/lease/grant", '{"ttl":"5"}'],
];

describeBothTargets("gateway request texts", (test) => {
  for (const [path, rows] of Object.entries(REFUSED)) {
    test(`for ${path} are refused as Go refuses them`, async ({ server }) => {
      for (const [text, message] of rows) {
        const answer = await gatewayError(server.clientPort, path, text);
        assert.deepEqual(answer, [400, 3, message], text);
      }
    });
  }

  test("may be written in more ways than one", async ({ server }) => {
    for (const [path, text] of TAKEN) {
      const { status, body } = await gatewayCall(server.clientPort, path, text);
      assert.equal(status, 200, `${text}: ${JSON.stringify(body)}`);
    }
  });
}, { targets: NEWER_TARGET_NAMES });
