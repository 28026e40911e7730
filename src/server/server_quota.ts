import { QUOTA_LIMITS } from "../core/quota/limits.ts";
import { type DatabaseSize, Quota } from "../core/quota/quota.ts";
import type { ServerConfig } from "./server_config.ts";

/** Makes the quota that the configuration asks for, and tells the operator what it is. */
export function newQuota({ quotaBackendBytes, logger }: ServerConfig, size: DatabaseSize): Quota {
  const quota = new Quota(quotaBackendBytes, size);
  const fields = { "quota-size-bytes": quota.quotaBytes };
  if (quotaBackendBytes < 0) logger.info("disabled backend quota", fields);
  else logger.info("enabled backend quota", fields);
  if (quota.quotaBytes > QUOTA_LIMITS.advisedBytes) {
    const maximum = { "quota-maximum-size-bytes": QUOTA_LIMITS.advisedBytes };
    logger.warn("quota exceeds the maximum value", { ...fields, ...maximum });
  }
  return quota;
}
