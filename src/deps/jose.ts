/** Signs and verifies JSON web tokens. */
export {
  type CryptoKey,
  errors as joseErrors,
  importPKCS8,
  importSPKI,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "npm:jose@6.2.18";
