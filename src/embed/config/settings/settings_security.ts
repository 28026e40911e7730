import { DEFAULT_SELF_SIGNED_CERT_VALIDITY_YEARS, DEFAULT_TLS_MIN_VERSION } from "../constants.ts";
import { NAME_SET, ORIGIN_SET, TEXT_LIST } from "./list_kinds.ts";
import { BOOL, TEXT, UINT } from "./scalar_kinds.ts";
import { inside, own, rowsOf } from "./setting.ts";

const row = rowsOf("Security");

/** Keys of these sections of a config file are the fields of a TlsInfo. */
const CLIENT = "client-transport-security";
const PEER = "peer-transport-security";

/** Who may connect, and how they know each other. */
export const SECURITY_SETTINGS = {
  certFile: row(TEXT, inside("clientTlsInfo", "certFile"), {
    flag: "cert-file",
    fileKey: `${CLIENT}.cert-file`,
    default: "",
    status: "works",
    help: "Certificate file to show to clients.",
  }),
  keyFile: row(TEXT, inside("clientTlsInfo", "keyFile"), {
    flag: "key-file",
    fileKey: `${CLIENT}.key-file`,
    default: "",
    status: "works",
    help: "Key file to --cert-file.",
  }),
  clientCertFile: row(TEXT, inside("clientTlsInfo", "clientCertFile"), {
    flag: "client-cert-file",
    fileKey: `${CLIENT}.client-cert-file`,
    default: "",
    status: "works",
    help: "Certificate file that the member shows where it is a client of itself " +
      "(otherwise --cert-file).",
  }),
  clientKeyFile: row(TEXT, inside("clientTlsInfo", "clientKeyFile"), {
    flag: "client-key-file",
    fileKey: `${CLIENT}.client-key-file`,
    default: "",
    status: "works",
    help: "Key file to --client-cert-file.",
  }),
  clientCertAuth: row(BOOL, inside("clientTlsInfo", "clientCertAuth"), {
    flag: "client-cert-auth",
    fileKey: `${CLIENT}.client-cert-auth`,
    default: false,
    status: "works",
    help: "Demand a certificate from clients.",
  }),
  clientCrlFile: row(TEXT, inside("clientTlsInfo", "crlFile"), {
    flag: "client-crl-file",
    fileKey: `${CLIENT}.crl-file`,
    default: "",
    status: "works",
    help: "File with revoked client certificates.",
  }),
  clientAllowedHostnames: row(TEXT_LIST, inside("clientTlsInfo", "allowedHostnames"), {
    flag: "client-cert-allowed-hostname",
    fileKey: `${CLIENT}.allowed-hostname`,
    default: [],
    status: "works",
    help: "Host names of which a client's certificate must carry one, separated by commas.",
  }),
  clientAllowedCns: row(TEXT_LIST, inside("clientTlsInfo", "allowedCns"), {
    fileKey: `${CLIENT}.allowed-cn`,
    default: [],
    status: "works",
    help: "Common names of which a client's certificate must carry one.",
  }),
  clientSkipSanVerify: row(BOOL, inside("clientTlsInfo", "skipClientSanVerify"), {
    fileKey: `${CLIENT}.skip-client-san-verification`,
    default: false,
    status: "works",
    help: "Do not compare the addresses in a client's certificate with where it calls from.",
  }),
  trustedCaFile: row(TEXT, inside("clientTlsInfo", "trustedCaFile"), {
    flag: "trusted-ca-file",
    fileKey: `${CLIENT}.trusted-ca-file`,
    default: "",
    status: "works",
    help: "CA file that clients' certificates are checked with.",
  }),
  clientAutoTls: row(BOOL, own("clientAutoTls"), {
    flag: "auto-tls",
    fileKey: `${CLIENT}.auto-tls`,
    default: false,
    status: "works",
    help: "Serve clients over TLS with a certificate that the member makes itself.",
  }),
  peerCertFile: row(TEXT, inside("peerTlsInfo", "certFile"), {
    flag: "peer-cert-file",
    fileKey: `${PEER}.cert-file`,
    default: "",
    status: "refused",
    help: "Certificate file to show to other members.",
  }),
  peerKeyFile: row(TEXT, inside("peerTlsInfo", "keyFile"), {
    flag: "peer-key-file",
    fileKey: `${PEER}.key-file`,
    default: "",
    status: "refused",
    help: "Key file to --peer-cert-file.",
  }),
  peerClientCertFile: row(TEXT, inside("peerTlsInfo", "clientCertFile"), {
    flag: "peer-client-cert-file",
    fileKey: `${PEER}.client-cert-file`,
    default: "",
    status: "refused",
    help: "Certificate file that the member shows where it calls other members " +
      "(otherwise --peer-cert-file).",
  }),
  peerClientKeyFile: row(TEXT, inside("peerTlsInfo", "clientKeyFile"), {
    flag: "peer-client-key-file",
    fileKey: `${PEER}.client-key-file`,
    default: "",
    status: "refused",
    help: "Key file to --peer-client-cert-file.",
  }),
  peerClientCertAuth: row(BOOL, inside("peerTlsInfo", "clientCertAuth"), {
    flag: "peer-client-cert-auth",
    fileKey: `${PEER}.client-cert-auth`,
    default: false,
    status: "refused",
    help: "Demand a certificate from members that call.",
  }),
  peerTrustedCaFile: row(TEXT, inside("peerTlsInfo", "trustedCaFile"), {
    flag: "peer-trusted-ca-file",
    fileKey: `${PEER}.trusted-ca-file`,
    default: "",
    status: "refused",
    help: "CA file that members' certificates are checked with.",
  }),
  peerAllowedCns: row(TEXT_LIST, inside("peerTlsInfo", "allowedCns"), {
    flag: "peer-cert-allowed-cn",
    fileKey: `${PEER}.allowed-cn`,
    default: [],
    status: "refused",
    help: "Common names of which a member's certificate must carry one, separated by commas.",
  }),
  peerAllowedHostnames: row(TEXT_LIST, inside("peerTlsInfo", "allowedHostnames"), {
    flag: "peer-cert-allowed-hostname",
    fileKey: `${PEER}.allowed-hostname`,
    default: [],
    status: "refused",
    help: "Host names of which a member's certificate must carry one, separated by commas.",
  }),
  peerAutoTls: row(BOOL, own("peerAutoTls"), {
    flag: "peer-auto-tls",
    fileKey: `${PEER}.auto-tls`,
    default: false,
    status: "refused",
    help: "Talk to members over TLS with a certificate that the member makes itself.",
  }),
  peerCrlFile: row(TEXT, inside("peerTlsInfo", "crlFile"), {
    flag: "peer-crl-file",
    fileKey: `${PEER}.crl-file`,
    default: "",
    status: "refused",
    help: "File with revoked certificates of members.",
  }),
  peerSkipSanVerify: row(BOOL, inside("peerTlsInfo", "skipClientSanVerify"), {
    flag: "peer-skip-client-san-verification",
    fileKey: `${PEER}.skip-client-san-verification`,
    default: false,
    status: "refused",
    help: "Do not compare the addresses in a member's certificate with where it calls from.",
  }),
  selfSignedCertValidityYears: row(UINT, own("selfSignedCertValidityYears"), {
    flag: "self-signed-cert-validity",
    default: DEFAULT_SELF_SIGNED_CERT_VALIDITY_YEARS,
    status: "works",
    help: "Years that a certificate which the member makes itself is valid.",
  }),
  cipherSuites: row(TEXT_LIST, own("cipherSuites"), {
    flag: "cipher-suites",
    default: [],
    status: "works",
    help: "TLS cipher suites that may be used, separated by commas (none: the runtime chooses).",
  }),
  cors: row(ORIGIN_SET, own("cors"), {
    flag: "cors",
    default: new Set(["*"]),
    status: "works",
    help: "Web origins whose pages may call the HTTP API, separated by commas (* is all).",
  }),
  hostWhitelist: row(NAME_SET, own("hostWhitelist"), {
    flag: "host-whitelist",
    default: new Set(["*"]),
    status: "works",
    help: "Host names that unencrypted HTTP requests may ask for, separated by commas (* is all).",
  }),
  tlsMinVersion: row(TEXT, own("tlsMinVersion"), {
    flag: "tls-min-version",
    default: DEFAULT_TLS_MIN_VERSION,
    status: "works",
    help: "Oldest TLS version that is spoken: TLS1.2 or TLS1.3.",
  }),
  tlsMaxVersion: row(TEXT, own("tlsMaxVersion"), {
    flag: "tls-max-version",
    default: "",
    status: "works",
    help: "Newest TLS version that is spoken: TLS1.2 or TLS1.3 (none: the newest there is).",
  }),
};
