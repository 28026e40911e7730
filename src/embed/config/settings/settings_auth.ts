import {
  DEFAULT_AUTH_TOKEN,
  DEFAULT_AUTH_TOKEN_TTL_SECONDS,
  DEFAULT_BCRYPT_COST,
} from "../constants.ts";
import { TEXT, UINT } from "./scalar_kinds.ts";
import { own, rowsOf } from "./setting.ts";

const row = rowsOf("Auth");

/** Users and their tokens. */
export const AUTH_SETTINGS = {
  authToken: row(TEXT, own("authToken"), {
    flag: "auth-token",
    default: DEFAULT_AUTH_TOKEN,
    status: "works",
    help: "Kind of token that users get, with its options: 'simple' or 'jwt,...'.",
  }),
  bcryptCost: row(UINT, own("bcryptCost"), {
    flag: "bcrypt-cost",
    default: DEFAULT_BCRYPT_COST,
    status: "works",
    help: "Work spent on hashing a password, from 4 to 31; each step doubles it.",
  }),
  authTokenTtlSeconds: row(UINT, own("authTokenTtlSeconds"), {
    flag: "auth-token-ttl",
    default: DEFAULT_AUTH_TOKEN_TTL_SECONDS,
    status: "works",
    help: "Seconds that a token lives.",
  }),
};
