/** The address as the system takes it: abstract names begin with a zero octet. */
export function systemPathOf(path: string): string {
  return path.startsWith("@") ? `\0${path.slice(1)}` : path;
}
