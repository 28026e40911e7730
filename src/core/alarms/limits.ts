/** Every bound of the alarms, each with its reason. */
export const ALARM_LIMITS = {
  /**
   * Alarms that are out again and still told as such. Clients may raise alarms in the name of
   * members that there never were; a cluster has a few members with two alarms each.
   */
  rememberedAlarms: 64,
} as const;
