/** What one release prints otherwise than the other. */
interface Difference {
  readonly what: string;
  /** Command lines, and perhaps what they read, that show it. */
  readonly line: RegExp;
  readonly input?: RegExp;
}

/**
 * Everything that etcdctl 3.4.23 was seen to print otherwise than etcdctl 3.7.1, which detcd's ctl
 * follows. These steps are made beside 3.4.23 as well, but compared with 3.7.1 alone.
 */
const DIFFERENCES: readonly Difference[] = [
  { what: "tables are drawn with other lines", line: /-w table$/ },
  { what: "3.7 writes IDs in hexadecimal with --hex", line: /--hex.* -w (fields|json)/ },
  { what: "the same", line: /-w (fields|json).* --hex/ },
  { what: "3.7 warns of a range without --range", line: /^del [^-]\S* [^-]\S*$/ },
  { what: "the same in a transaction", line: /^txn/, input: /^del "?\w+"? "?\w+"?$/m },
  { what: "other names of the operations", line: /^txn .*-w json/ },
  { what: "3.7 leaves out a revision that is not there", line: /^(member|user|role) .*-w fields/ },
  { what: "who is healthy is told on standard output", line: /^endp\w* hea\w*( -w simple)?$/ },
  { what: "the same", line: /^endpoint health --user/ },
  { what: "3.7 tells the revision of the hash", line: /^endpoint hashkv( --rev \d+)?$/ },
  { what: "the same", line: /^endpoint hashkv .*(-w simple|-w fields|more)$/ },
  { what: "nothing at all is null", line: /^endpoint hashkv --rev 500 -w json/ },
  { what: "the same", line: /^endpoint (status|hashkv) (--user.*)?-w json$/ },
  { what: "3.7 tells what root may do, though nothing was granted", line: /^role get root/ },
  { what: "3.7 tells the status of a refused snapshot", line: /^snapshot save .*--user/ },
  { what: "new in 3.7", line: /--auth-jwt-token/ },
  { what: "new in 3.7", line: /^make-mirror .*(--max-txn-ops|--rev)/ },
  { what: "3.7 tells why a watch was canceled", line: /^watch .*-w=json/ },
  { what: "3.4 has a command for each shell", line: /^completion/ },
  { what: "3.7 tells more of a server", line: /^endpoint status( more| -w simple| -w fields)?$/ },
  { what: "3.7 tells the time that it took", line: /^defrag/ },
  { what: "3.4 has a space at the end of an alarm", line: /^alarm (list|disarm)( -w simple)?$/ },
  { what: "3.7 names the argument", line: /^snapshot save( a b)?$/ },
  { what: "new in 3.7", line: /^auth status|^downgrade|--stream|^options|^member promote --x/ },
  { what: "new in 3.7", line: /--consistency/ },
];

/** Whether the releases are known to differ in what they print. */
export function isDifferent(line: string, input: string): boolean {
  return DIFFERENCES.some((difference) =>
    difference.line.test(line) && (difference.input?.test(input) ?? true)
  );
}
