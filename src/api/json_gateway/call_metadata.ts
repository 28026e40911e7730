import { Metadata } from "../../net/grpc/metadata.ts";
import type { HeaderList } from "../../net/hpack/header_list.ts";

const NO_METADATA = new Metadata();
const PREFIX = "grpc-metadata-";
const TEXT = /^[\x20-\x7e]*$/;
const NAME = /^[0-9a-z_.-]+$/;

/** What the headers of a request say to the handler: the token, and what is marked as metadata. */
export function callMetadata({ fields }: HeaderList): Metadata {
  let taken: string[] | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const isToken = name === "authorization";
    if (!isToken && !name.startsWith(PREFIX)) continue;
    const metadataName = isToken ? name : name.slice(PREFIX.length);
    // What metadata cannot hold is passed over.
    if (!NAME.test(metadataName) || !TEXT.test(fields[i + 1])) continue;
    taken ??= [];
    taken.push(metadataName, fields[i + 1]);
  }
  return taken === undefined ? NO_METADATA : Metadata.fromFields(taken);
}
