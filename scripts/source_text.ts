/** What a stretch of TypeScript source is. */
type SegmentKind = "code" | "comment" | "string";

/** A module's source, parted so that a rule about code does not fire on prose. */
export interface SourceText {
  /** The source with comments and the insides of strings and regular expressions blanked. */
  readonly code: string;
  /** The source with only comments blanked. */
  readonly codeAndStrings: string;
  /** The source with everything but comments blanked. */
  readonly comments: string;
}

/** A slash behind one of these starts a regular expression, behind anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|throw|await))\s*$/;

/**
 * Parts a module's source into code, strings and comments. Blanked characters become spaces and
 * line ends stay, so offsets and line numbers hold in all three.
 */
export function partSource(source: string): SourceText {
  const scanner = new Scanner(source);
  scanner.scanCode("");
  return {
    code: scanner.only("code"),
    codeAndStrings: scanner.without("comment"),
    comments: scanner.only("comment"),
  };
}

/** The line number, from 1, of an offset. */
export function lineOf(source: string, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) {
    if (source[i] === "\n") line++;
  }
  return line;
}

class Scanner {
  readonly #source: string;
  readonly #kinds: SegmentKind[];
  #position = 0;

  constructor(source: string) {
    this.#source = source;
    this.#kinds = new Array<SegmentKind>(source.length).fill("code");
  }

  only(kind: SegmentKind): string {
    return this.#keep((found) => found === kind);
  }

  without(kind: SegmentKind): string {
    return this.#keep((found) => found !== kind);
  }

  /** Reads code up to an unmatched `}` when `closer` is "}", else to the end. */
  scanCode(closer: string): void {
    let depth = 0;
    while (this.#position < this.#source.length) {
      const char = this.#source[this.#position];
      if (char === closer && depth === 0) return;
      if (char === "{") depth++;
      if (char === "}") depth--;
      this.#scanOne(char);
    }
  }

  #scanOne(char: string): void {
    const next = this.#source[this.#position + 1];
    if (char === "/" && next === "/") this.#mark("comment", this.#find("\n"));
    else if (char === "/" && next === "*") {
      const close = this.#source.indexOf("*/", this.#position + 2);
      this.#mark("comment", close < 0 ? this.#source.length : close + 2);
    } else if (char === '"' || char === "'") this.#mark("string", this.#endOfQuoted(char));
    else if (char === "`") this.#scanTemplate();
    else if (char === "/" && this.#startsRegex()) this.#mark("string", this.#endOfRegex());
    else this.#position++;
  }

  #scanTemplate(): void {
    this.#mark("string", this.#position + 1);
    while (this.#position < this.#source.length) {
      const char = this.#source[this.#position];
      if (char === "`") return this.#mark("string", this.#position + 1);
      if (char === "$" && this.#source[this.#position + 1] === "{") {
        this.#mark("string", this.#position + 2);
        this.scanCode("}");
        this.#mark("string", this.#position + 1);
      } else this.#mark("string", this.#position + (char === "\\" ? 2 : 1));
    }
  }

  #startsRegex(): boolean {
    // Only what stands shortly before the slash decides.
    const before = this.#keepRange(Math.max(0, this.#position - 200), this.#position);
    return BEFORE_REGEX.test(before);
  }

  #endOfRegex(): number {
    let isInClass = false;
    for (let i = this.#position + 1; i < this.#source.length; i++) {
      const char = this.#source[i];
      if (char === "\\") i++;
      else if (char === "[") isInClass = true;
      else if (char === "]") isInClass = false;
      else if ((char === "/" && !isInClass) || char === "\n") return i + 1;
    }
    return this.#source.length;
  }

  #endOfQuoted(quote: string): number {
    for (let i = this.#position + 1; i < this.#source.length; i++) {
      const char = this.#source[i];
      if (char === "\\") i++;
      else if (char === quote || char === "\n") return i + 1;
    }
    return this.#source.length;
  }

  #find(text: string): number {
    const found = this.#source.indexOf(text, this.#position);
    return found < 0 ? this.#source.length : found;
  }

  #mark(kind: SegmentKind, end: number): void {
    this.#kinds.fill(kind, this.#position, end);
    this.#position = end;
  }

  #keepRange(start: number, end: number): string {
    let text = "";
    for (let i = start; i < end; i++) {
      if (this.#kinds[i] !== "comment") text += this.#source[i];
    }
    return text;
  }

  #keep(wanted: (kind: SegmentKind) => boolean): string {
    let text = "";
    for (let i = 0; i < this.#source.length; i++) {
      const char = this.#source[i];
      text += wanted(this.#kinds[i]) || char === "\n" ? char : " ";
    }
    return text;
  }
}
