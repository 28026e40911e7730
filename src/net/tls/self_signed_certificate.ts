import { Buffer } from "node:buffer";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIpAddress } from "../../base/host_port.ts";
import { sha1 } from "../../base/sha1.ts";
import { AsnConvert, OctetString } from "../../deps/asn1_schema.ts";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "../../deps/asn1_x509.ts";

/** What a certificate is to say. */
interface SelfSignedRequest {
  /** Host names and IP addresses that it is for. */
  readonly hosts: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate and its key, both in PEM. */
interface SelfSignedCertificate {
  readonly certificate: string;
  readonly key: string;
}

const CURVE = "secp521r1";
const ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4";
const ORGANIZATION_NAME = "2.5.4.10";
const SERIAL_BYTES = 16;
const PEM_LINE_CHARACTERS = 64;

/**
 * Makes a key on the curve P-521 and a certificate to it like those that etcd makes for itself: of
 * the organization `etcd`, for servers, and its own authority.
 */
export function newSelfSignedCertificate(request: SelfSignedRequest): SelfSignedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA512 });
  const subject = organization("etcd");
  const publicKeyInfo = AsnConvert.parse(
    publicKey.export({ type: "spki", format: "der" }),
    SubjectPublicKeyInfo,
  );
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: positiveSerial(),
    signature: algorithm,
    issuer: subject,
    subject,
    validity: new Validity(request),
    subjectPublicKeyInfo: publicKeyInfo,
    extensions: extensionsFor(request.hosts, publicKeyInfo),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: exactBuffer(sign("sha512", signed, privateKey)),
  });
  return {
    certificate: pemOf(Buffer.from(AsnConvert.serialize(certificate))),
    key: String(privateKey.export({ type: "sec1", format: "pem" })),
  };
}

function extensionsFor(hosts: readonly string[], key: SubjectPublicKeyInfo): Extensions {
  const usage = KeyUsageFlags.keyEncipherment | KeyUsageFlags.digitalSignature |
    KeyUsageFlags.cRLSign;
  const keyId = exactBuffer(sha1(new Uint8Array(key.subjectPublicKey)));
  return new Extensions([
    extension(id_ce_keyUsage, true, new KeyUsage(usage)),
    extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true })),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId)),
    extension(id_ce_subjectAltName, false, new SubjectAlternativeName(hosts.map(nameOf))),
  ]);
}

function extension(extnID: string, critical: boolean, value: unknown): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical, extnValue });
}

function nameOf(host: string): GeneralName {
  return new GeneralName(isIpAddress(host) ? { iPAddress: host } : { dNSName: host });
}

function organization(name: string): Name {
  const value = new AttributeValue({ printableString: name });
  const attribute = new AttributeTypeAndValue({ type: ORGANIZATION_NAME, value });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

/** A random INTEGER, whose first bit would be its sign. */
function positiveSerial(): ArrayBuffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = bytes[0] & 0x3f | 0x40;
  return exactBuffer(bytes);
}

/** The bytes in a buffer that holds nothing else. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function pemOf(der: Buffer): string {
  const lines = der.toString("base64").match(new RegExp(`.{1,${PEM_LINE_CHARACTERS}}`, "g")) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
