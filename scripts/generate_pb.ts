/**
 * Writes src/pb/<package>.ts, src/pb/services.ts and src/pb/descriptors.ts from proto/*.proto. With
 * `--check` it writes nothing and fails when the files are not what it would write:
 *
 *   deno run --allow-read --allow-write scripts/generate_pb.ts
 *   deno run --allow-read scripts/generate_pb.ts --check
 */
import { descriptorsSource } from "./pb_generator/descriptors_source.ts";
import { moduleSource, servicesSource } from "./pb_generator/module_source.ts";
import { type ProtoFile, schemaFromProtoFiles } from "./pb_generator/schema.ts";

const PROTO_DIRECTORY = new URL("../proto/", import.meta.url);
const OUTPUT_DIRECTORY = new URL("../src/pb/", import.meta.url);

/** The .proto files of a directory in the order of their names. */
function readProtoFiles(directory: URL): ProtoFile[] {
  const names = [...Deno.readDirSync(directory)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".proto")).sort();
  return names.map((name) => ({ name, text: Deno.readTextFileSync(new URL(name, directory)) }));
}

/** All generated files by name. */
function generate(files: readonly ProtoFile[]): Map<string, string> {
  const modules = schemaFromProtoFiles(files);
  const outputs = new Map<string, string>();
  for (const module of modules) outputs.set(`${module.name}.ts`, moduleSource(module, modules));
  outputs.set("services.ts", servicesSource(modules));
  outputs.set("descriptors.ts", descriptorsSource(modules));
  return outputs;
}

/** The names of files that are missing or differ. */
function staleFiles(outputs: Map<string, string>, directory: URL): string[] {
  return [...outputs].filter(([name, text]) => {
    try {
      return Deno.readTextFileSync(new URL(name, directory)) !== text;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw error;
    }
  }).map(([name]) => name);
}

function main(): void {
  const outputs = generate(readProtoFiles(PROTO_DIRECTORY));
  const stale = staleFiles(outputs, OUTPUT_DIRECTORY);
  if (Deno.args.includes("--check")) {
    if (stale.length === 0) return;
    console.error(`src/pb is not what scripts/generate_pb.ts writes: ${stale.join(", ")}`);
    Deno.exit(1);
  }
  for (const name of stale) {
    Deno.writeTextFileSync(new URL(name, OUTPUT_DIRECTORY), outputs.get(name) ?? "");
    console.log(`wrote src/pb/${name}`);
  }
}

if (import.meta.main) main();
