/** The bytes or the text in the form of the coding `gzip`. */
export async function gzip(content: string | Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([typeof content === "string" ? content : content.slice()]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether gzip stands in a list of accepted codings, and not with the weight 0. */
export function acceptsGzip(accepted: string | undefined): boolean {
  if (accepted === undefined) return false;
  return accepted.split(",").some((coding) => {
    const [name, ...parameters] = coding.split(";").map((part) => part.trim());
    return name === "gzip" && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });
}
