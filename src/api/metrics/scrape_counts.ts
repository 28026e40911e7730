/** How often somebody asked for the metrics of one server. */
export class ScrapeCounts {
  /** Scrapes that are being answered. */
  inFlight = 0;
  succeeded = 0;
  failed = 0;
  /** Because too many others waited. */
  refused = 0;
}
