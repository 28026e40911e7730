/** Reads and writes ASN.1 by the schemas of asn1_x509.ts. */
export { AsnConvert, OctetString } from "npm:@peculiar/asn1-schema@2.11.1";
