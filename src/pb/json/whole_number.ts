const FORM = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/** No integer of a message has more digits. */
const MAX_DIGITS = 20;

/**
 * The whole number that a number of JSON stands for, however it is written: `1.0` and `10e-1` are 1
 * too. Undefined if it is none or has too many digits for any field.
 */
export function wholeNumber(text: string): bigint | undefined {
  if (text.length < 16 && /^[1-9][0-9]*$|^0$/.test(text)) return BigInt(Number(text));
  const form = FORM.exec(text);
  if (form === null) return undefined;
  const [, sign, whole, fraction = "", exponentText = "0"] = form;
  const digits = whole === "0" ? "" : whole;
  const decimals = withoutZerosAtEnd(fraction);
  if (digits === "" && decimals === "") return 0n;
  const exponent = Number(exponentText);
  // Too many digits either way; also what keeps a short text from asking for a long number.
  if (Math.abs(exponent) > MAX_DIGITS || digits.length > 2 * MAX_DIGITS) return undefined;
  const moved = exponent >= 0
    ? movedRight(digits, decimals, exponent)
    : movedLeft(digits, decimals, -exponent);
  if (moved === undefined) return undefined;
  return sign === "-" ? -BigInt(moved) : BigInt(moved);
}

/** A pattern for it would try again at each zero, and a text may have millions of them. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

function movedRight(digits: string, decimals: string, places: number): string | undefined {
  if (decimals.length > places || digits.length + places > MAX_DIGITS) return undefined;
  return digits + decimals.padEnd(places, "0");
}

function movedLeft(digits: string, decimals: string, places: number): string | undefined {
  if (decimals !== "" || digits.length < places) return undefined;
  if (/[^0]/.test(digits.slice(digits.length - places))) return undefined;
  return digits.slice(0, digits.length - places) || "0";
}
