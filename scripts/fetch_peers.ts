/**
 * Fetches the programs that detcd is measured and tested against (etcd, etcdctl, h2load, wrk) as
 * Debian packages into `.peers/`, without root and without touching the system. Run again, it
 * fetches only what is missing.
 */

import { fileURLToPath } from "node:url";

interface Peer {
  readonly program: string;
  readonly debianPackage: string;
}

const PEERS: readonly Peer[] = [
  { program: "etcd", debianPackage: "etcd-server" },
  { program: "etcdctl", debianPackage: "etcd-client" },
  { program: "h2load", debianPackage: "nghttp2-client" },
  { program: "wrk", debianPackage: "wrk" },
];

const PEERS_DIR = fileURLToPath(new URL("../.peers", import.meta.url));
const BIN_DIR = `${PEERS_DIR}/bin`;
const ROOT_DIR = `${PEERS_DIR}/root`;
const PACKAGES_DIR = `${PEERS_DIR}/packages`;
const APT_DIR = `${PEERS_DIR}/apt`;

interface Output {
  readonly success: boolean;
  readonly text: string;
  readonly errorText: string;
}

/** Options that make apt keep its lists and its cache in our folder; empty while the system's own lists do. */
let aptOptions: string[] = [];

async function run(program: string, args: readonly string[], cwd?: string): Promise<Output> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      env: { LC_ALL: "C" },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, text: decoder.decode(stdout), errorText: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { success: false, text: "", errorText: `${program} is not installed` };
    }
    throw error;
  }
}

async function works(program: string): Promise<boolean> {
  // h2load answers --version with 0 and wrk with 1, but a program whose libraries are missing
  // prints the loader's complaint and nothing of its own.
  const output = await run(`${BIN_DIR}/${program}`, ["--version"]);
  const text = output.text + output.errorText;
  return text !== "" && !text.includes("error while loading shared libraries") &&
    !text.includes("is not installed");
}

async function hasCandidate(debianPackage: string): Promise<boolean> {
  const policy = await run("apt-cache", [...aptOptions, "policy", debianPackage]);
  return /Candidate: (?!\(none\))/.test(policy.text);
}

async function usePrivateLists(): Promise<void> {
  await Deno.mkdir(`${APT_DIR}/lists/partial`, { recursive: true });
  await Deno.mkdir(`${APT_DIR}/cache/archives/partial`, { recursive: true });
  aptOptions = [
    ["Dir::State::lists", `${APT_DIR}/lists`],
    ["Dir::Cache", `${APT_DIR}/cache`],
    ["APT::Sandbox::User", "root"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** Makes sure that apt knows the packages; the lists of a fresh container are empty. */
async function prepareLists(): Promise<boolean> {
  if (await hasCandidate(PEERS[0].debianPackage)) return true;
  await usePrivateLists();
  if (await hasCandidate(PEERS[0].debianPackage)) return true;
  console.log("apt knows no package lists; fetching them into .peers/apt");
  const update = await run("apt-get", [...aptOptions, "update"]);
  if (!update.success) console.error(update.errorText.trim());
  return await hasCandidate(PEERS[0].debianPackage);
}

async function isInstalled(debianPackage: string): Promise<boolean> {
  const query = await run("dpkg-query", ["-W", "-f=${Status}", debianPackage]);
  return query.success && query.text.includes("ok installed");
}

async function directLibraries(debianPackage: string): Promise<string[]> {
  const depends = await run("apt-cache", [...aptOptions, "depends", "--important", debianPackage]);
  const libraries: string[] = [];
  let isLaterAlternative = false;
  for (const line of depends.text.split("\n")) {
    const match = /^ ([ |])(?:Pre)?Depends: (\S+)$/.exec(line);
    if (match === null) continue;
    const [, mark, name] = match;
    if (!isLaterAlternative && /^(lib|zlib)/.test(name)) libraries.push(name);
    isLaterAlternative = mark === "|";
  }
  return libraries;
}

/** The package and every library it needs that this system does not have, nearest first. */
async function packagesToFetch(debianPackage: string): Promise<string[]> {
  const wanted = [debianPackage];
  for (let i = 0; i < wanted.length; i++) {
    for (const library of await directLibraries(wanted[i])) {
      if (!wanted.includes(library) && !await isInstalled(library)) wanted.push(library);
    }
  }
  return wanted;
}

async function unpack(debianPackage: string): Promise<string | undefined> {
  const isOurs = (name: string): boolean => name.startsWith(`${debianPackage}_`);
  let files = [...Deno.readDirSync(PACKAGES_DIR)].map((entry) => entry.name).filter(isOurs);
  if (files.length === 0) {
    const download = await run("apt-get", [...aptOptions, "download", debianPackage], PACKAGES_DIR);
    if (!download.success) return download.errorText.trim();
    files = [...Deno.readDirSync(PACKAGES_DIR)].map((entry) => entry.name).filter(isOurs);
  }
  const extract = await run("dpkg", ["-x", `${PACKAGES_DIR}/${files[0]}`, ROOT_DIR]);
  if (extract.success) return undefined;
  // A download that broke off must not stop the next run.
  await Deno.remove(`${PACKAGES_DIR}/${files[0]}`);
  return extract.errorText.trim();
}

function libraryDirs(): string[] {
  const base = `${ROOT_DIR}/usr/lib`;
  const dirs = [base];
  for (const entry of Deno.readDirSync(base)) {
    if (entry.isDirectory && entry.name.endsWith("-linux-gnu")) dirs.push(`${base}/${entry.name}`);
  }
  return dirs;
}

async function writeWrapper(program: string): Promise<void> {
  await Deno.mkdir(`${ROOT_DIR}/usr/lib`, { recursive: true });
  // `exec` keeps the process id, so that whoever starts the wrapper can signal the program.
  const text = [
    "#!/bin/sh",
    `LD_LIBRARY_PATH='${libraryDirs().join(":")}'"\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
    "export LD_LIBRARY_PATH",
    `exec '${ROOT_DIR}/usr/bin/${program}' "$@"`,
    "",
  ].join("\n");
  const path = `${BIN_DIR}/${program}`;
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o755);
}

/** Returns what went wrong, or undefined. */
async function fetchPeer(peer: Peer): Promise<string | undefined> {
  for (const debianPackage of await packagesToFetch(peer.debianPackage)) {
    const failure = await unpack(debianPackage);
    if (failure !== undefined) return failure;
  }
  await writeWrapper(peer.program);
  if (await works(peer.program)) return undefined;
  const output = await run(`${BIN_DIR}/${peer.program}`, ["--version"]);
  return `it does not start: ${(output.text + output.errorText).trim()}`;
}

function reportMissing(programs: readonly string[], reason: string): void {
  console.log(`not available: ${programs.join(", ")} (${reason})`);
}

async function main(): Promise<void> {
  const missing: Peer[] = [];
  for (const peer of PEERS) {
    if (await works(peer.program)) console.log(`present: ${peer.program}`);
    else missing.push(peer);
  }
  if (missing.length === 0) return;
  const names = missing.map((peer) => peer.program);
  const tools = await Promise.all([run("apt-get", ["--version"]), run("dpkg", ["--version"])]);
  if (tools.some((tool) => !tool.success)) {
    reportMissing(names, "this system has no apt; tests that need these programs say so and skip");
    return;
  }
  for (const dir of [BIN_DIR, ROOT_DIR, PACKAGES_DIR]) await Deno.mkdir(dir, { recursive: true });
  if (!await prepareLists()) {
    reportMissing(names, `apt knows no package ${PEERS[0].debianPackage}`);
    return;
  }
  for (const peer of missing) {
    const failure = await fetchPeer(peer);
    if (failure === undefined) console.log(`fetched: ${peer.program} (${peer.debianPackage})`);
    else reportMissing([peer.program], failure);
  }
}

if (import.meta.main) await main();
