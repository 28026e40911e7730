/** Whether a response of this status never has a body, nor a length of one. */
export function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}
