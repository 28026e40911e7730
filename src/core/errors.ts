import { GrpcCode } from "../base/grpc_code.ts";

/** A refusal with the code and the text that etcd's clients know; `message` is the text as sent. */
export class EtcdError extends Error {
  override name = "EtcdError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Every error that etcd names, by etcd's own name for it without the `ErrGRPC` prefix. */
export const ETCD_ERRORS = {
  emptyKey: error(GrpcCode.InvalidArgument, "etcdserver: key is not provided"),
  keyNotFound: error(GrpcCode.InvalidArgument, "etcdserver: key not found"),
  valueProvided: error(GrpcCode.InvalidArgument, "etcdserver: value is provided"),
  leaseProvided: error(GrpcCode.InvalidArgument, "etcdserver: lease is provided"),
  tooManyOps: error(GrpcCode.InvalidArgument, "etcdserver: too many operations in txn request"),
  duplicateKey: error(GrpcCode.InvalidArgument, "etcdserver: duplicate key given in txn request"),
  invalidClientAPIVersion: error(
    GrpcCode.InvalidArgument,
    "etcdserver: invalid client api version",
  ),
  invalidSortOption: error(GrpcCode.InvalidArgument, "etcdserver: invalid sort option"),
  memberBadURLs: error(GrpcCode.InvalidArgument, "etcdserver: given member URLs are invalid"),
  requestTooLarge: error(GrpcCode.InvalidArgument, "etcdserver: request is too large"),
  userEmpty: error(GrpcCode.InvalidArgument, "etcdserver: user name is empty"),
  roleEmpty: error(GrpcCode.InvalidArgument, "etcdserver: role name is empty"),
  authFailed: error(
    GrpcCode.InvalidArgument,
    "etcdserver: authentication failed, invalid user ID or password",
  ),
  permissionNotGiven: error(GrpcCode.InvalidArgument, "etcdserver: permission not given"),
  invalidAuthMgmt: error(GrpcCode.InvalidArgument, "etcdserver: invalid auth management"),
  authOldRevision: error(GrpcCode.InvalidArgument, "etcdserver: revision of auth store is old"),
  wrongDowngradeVersionFormat: error(
    GrpcCode.InvalidArgument,
    "etcdserver: wrong downgrade target version format",
  ),
  invalidDowngradeTargetVersion: error(
    GrpcCode.InvalidArgument,
    "etcdserver: invalid downgrade target version",
  ),
  compacted: error(GrpcCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted"),
  futureRev: error(GrpcCode.OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
  leaseTTLTooLarge: error(GrpcCode.OutOfRange, "etcdserver: too large lease TTL"),
  noSpace: error(GrpcCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded"),
  // etcd maps this one to its client-side type, so it travels as Unknown.
  requestTooManyRequests: error(GrpcCode.Unknown, "etcdserver: too many requests"),
  // etcd hashes as many passwords at once as it is asked to, and has no such bound.
  tooManyPasswords: error(
    GrpcCode.ResourceExhausted,
    "etcdserver: too many passwords of this connection wait to be hashed; wait for their answers",
  ),
  leaseNotFound: error(GrpcCode.NotFound, "etcdserver: requested lease not found"),
  memberNotFound: error(GrpcCode.NotFound, "etcdserver: member not found"),
  leaseExist: error(GrpcCode.FailedPrecondition, "etcdserver: lease already exists"),
  memberExist: error(GrpcCode.FailedPrecondition, "etcdserver: member ID already exist"),
  peerURLExist: error(GrpcCode.FailedPrecondition, "etcdserver: Peer URLs already exists"),
  // etcd maps this one to its client-side type, so it travels as Unknown.
  memberNotEnoughStarted: error(
    GrpcCode.Unknown,
    "etcdserver: re-configuration failed due to not enough started members",
  ),
  memberNotLearner: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: can only promote a learner member",
  ),
  learnerNotReady: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: can only promote a learner member which is in sync with leader",
  ),
  tooManyLearners: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: too many learner members in cluster",
  ),
  clusterIDMismatch: error(GrpcCode.FailedPrecondition, "etcdserver: cluster ID mismatch"),
  rootUserNotExist: error(GrpcCode.FailedPrecondition, "etcdserver: root user does not exist"),
  rootRoleNotExist: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: root user does not have root role",
  ),
  userAlreadyExist: error(GrpcCode.FailedPrecondition, "etcdserver: user name already exists"),
  userNotFound: error(GrpcCode.FailedPrecondition, "etcdserver: user name not found"),
  roleAlreadyExist: error(GrpcCode.FailedPrecondition, "etcdserver: role name already exists"),
  roleNotFound: error(GrpcCode.FailedPrecondition, "etcdserver: role name not found"),
  roleNotGranted: error(GrpcCode.FailedPrecondition, "etcdserver: role is not granted to the user"),
  permissionNotGranted: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: permission is not granted to the role",
  ),
  authNotEnabled: error(GrpcCode.FailedPrecondition, "etcdserver: authentication is not enabled"),
  notLeader: error(GrpcCode.FailedPrecondition, "etcdserver: not leader"),
  notCapable: error(GrpcCode.FailedPrecondition, "etcdserver: not capable"),
  notSupportedForLearner: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: rpc not supported for learner",
  ),
  badLeaderTransferee: error(GrpcCode.FailedPrecondition, "etcdserver: bad leader transferee"),
  clusterVersionUnavailable: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: cluster version not found during downgrade",
  ),
  downgradeInProcess: error(
    GrpcCode.FailedPrecondition,
    "etcdserver: cluster has a downgrade job in progress",
  ),
  noInflightDowngrade: error(GrpcCode.FailedPrecondition, "etcdserver: no inflight downgrade job"),
  permissionDenied: error(GrpcCode.PermissionDenied, "etcdserver: permission denied"),
  invalidAuthToken: error(GrpcCode.Unauthenticated, "etcdserver: invalid auth token"),
  noLeader: error(GrpcCode.Unavailable, "etcdserver: no leader"),
  leaderChanged: error(GrpcCode.Unavailable, "etcdserver: leader changed"),
  stopped: error(GrpcCode.Unavailable, "etcdserver: server stopped"),
  timeout: error(GrpcCode.Unavailable, "etcdserver: request timed out"),
  timeoutDueToLeaderFail: error(
    GrpcCode.Unavailable,
    "etcdserver: request timed out, possibly due to previous leader failure",
  ),
  timeoutDueToConnectionLost: error(
    GrpcCode.Unavailable,
    "etcdserver: request timed out, possibly due to connection lost",
  ),
  timeoutWaitAppliedIndex: error(
    GrpcCode.Unavailable,
    "etcdserver: request timed out, waiting for the applied index took too long",
  ),
  unhealthy: error(GrpcCode.Unavailable, "etcdserver: unhealthy cluster"),
  corrupt: error(GrpcCode.DataLoss, "etcdserver: corrupt cluster"),
  // etcd has no name for these two, so they travel as they are.
  noPasswordUser: error(
    GrpcCode.Unknown,
    "auth: authentication failed, password was given for no password user",
  ),
  verifyOnlyKey: error(
    GrpcCode.Unknown,
    "auth: token signing attempted with verify-only key",
  ),
  passwordTooLong: error(GrpcCode.Unknown, "bcrypt: password length exceeds 72 bytes"),
  watchCanceled: error(GrpcCode.Canceled, "etcdserver: watch canceled"),
  canceled: error(GrpcCode.Canceled, "etcdserver: request canceled"),
  deadlineExceeded: error(GrpcCode.DeadlineExceeded, "etcdserver: context deadline exceeded"),
  unknownMethod: error(GrpcCode.Unknown, "etcdserver: unknown method"),
  rangeStreamSort: error(
    GrpcCode.Unimplemented,
    "RangeStream does not support custom sort orders",
  ),
  rangeStreamFilters: error(
    GrpcCode.Unimplemented,
    "RangeStream does not support revision filters",
  ),
  // These two only tell why a watch was not made, for which there is no code.
  watchRangeEmpty: error(GrpcCode.Unknown, "mvcc: watcher range is empty"),
  duplicateWatchId: error(
    GrpcCode.Unknown,
    "mvcc: duplicate watch ID provided on the WatchStream",
  ),
  // What etcd's Lock and Election say comes from its client library, which knows no codes.
  sessionExpired: error(GrpcCode.Unknown, "mutex: session is expired"),
  electionNoLeader: error(GrpcCode.Unknown, "election: no leader"),
  electionNotLeader: error(GrpcCode.Unknown, "election: not leader"),
  missingLeaderKey: error(GrpcCode.Unknown, '"leader" field must be provided'),
} as const;

/**
 * The table holds one error of each kind, made once: a stack trace for every refused request
 * would cost more than the request.
 */
function error(code: number, message: string): EtcdError {
  return new EtcdError(code, message);
}
