/** Of an IPv6 address, the part that tells networks from each other. */
const NETWORK_GROUPS = 4;
const ALL_GROUPS = 8;

/**
 * What one client cannot easily change of its IP address: all of an IPv4 address, and the first 64
 * bits of an IPv6 address, since the other half is at every client's own discretion. What is not an
 * address is returned as it is.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [plain] = address.split("%");
  // As an IPv6 socket sees a client of IPv4.
  if (plain.includes(".")) return plain.slice(plain.lastIndexOf(":") + 1);
  const [before, after] = plain.split("::");
  const [head, tail] = [groupsOf(before), groupsOf(after)];
  const omitted = Math.max(0, ALL_GROUPS - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: omitted }, () => "0"), ...tail];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

function groupsOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(":");
}
