/** Signs and verifies JSON web tokens. */
export {
  type CryptoKey,
  errors as joseErrors,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "npm:jose@6.2.18";
