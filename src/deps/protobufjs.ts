/** Used by the code generator and by tests only; the server itself runs on generated codecs. */
export { default as protobuf } from "npm:protobufjs@8.8.1";
