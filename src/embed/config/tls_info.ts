/** Certificates and rules of one TLS endpoint. */
export interface TlsInfo {
  /** Path of the certificate that the endpoint shows. */
  certFile: string;
  /** Path of the private key to it. */
  keyFile: string;
  /** Path of the certificate used where this member is the client. */
  clientCertFile: string;
  /** Path of the private key to that. */
  clientKeyFile: string;
  /** Whether clients must show a certificate. */
  clientCertAuth: boolean;
  /** Path of the CA certificates that are trusted. */
  trustedCaFile: string;
  /** Path of the list of revoked certificates. */
  crlFile: string;
  /** Common names that a client certificate may have; none means any. */
  allowedCns: string[];
  /** Host names of which a client certificate must have one; none means any. */
  allowedHostnames: string[];
  /** Whether the addresses in a peer's certificate are not compared with where it calls from. */
  skipClientSanVerify: boolean;
  /** The name that certificates of servers must carry; "" means the host that is called. */
  serverName: string;
  /** The etcd of 2018 had a CA file that also turned client certificates on. */
  caFile: string;
}

/** A TlsInfo with nothing in it. */
export function emptyTlsInfo(): TlsInfo {
  return {
    certFile: "",
    keyFile: "",
    clientCertFile: "",
    clientKeyFile: "",
    clientCertAuth: false,
    trustedCaFile: "",
    crlFile: "",
    allowedCns: [],
    allowedHostnames: [],
    skipClientSanVerify: false,
    serverName: "",
    caFile: "",
  };
}

/** Whether the endpoint has a certificate to show, or at least half of what makes one. */
export function hasCertificate({ certFile, keyFile }: TlsInfo): boolean {
  return certFile !== "" || keyFile !== "";
}

/** The file of the authorities that may have signed clients' certificates, or "". */
export function trustedCaFileOf({ trustedCaFile, caFile }: TlsInfo): string {
  return trustedCaFile === "" ? caFile : trustedCaFile;
}
