/** A number as it stands in the names of etcd's files: sixteen hexadecimal digits. */
export function hex16(value: number): string {
  return value.toString(16).padStart(16, "0");
}
