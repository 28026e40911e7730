/** The end of an interval that has none: it reaches behind every point. */
export const NO_END = "";

/**
 * Values by half-open intervals [start, end) of strings, at most one value for an interval, with
 * `NO_END` as the end of those that are open. Finds the intervals around a point in
 * O(log n + found). Balanced as an AVL tree; every node knows the farthest end below it.
 */
export class IntervalTree<T> {
  #root: Node<T> | undefined;
  #size = 0;

  /** How many intervals are inside. */
  get size(): number {
    return this.#size;
  }

  get(start: string, end: string): T | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = compareWithNode(start, end, node);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  /** Adds an interval, or gives another value to one that is inside. */
  set(start: string, end: string, value: T): void {
    this.#root = this.#insert(this.#root, start, end, value);
  }

  /** Whether the interval was inside. */
  delete(start: string, end: string): boolean {
    const sizeBefore = this.#size;
    this.#root = this.#remove(this.#root, start, end);
    return this.#size < sizeBefore;
  }

  /** Appends the values of all intervals around the point, in the order of their starts. */
  collect(point: string, found: T[]): void {
    collectBelow(this.#root, point, found);
  }

  #insert(node: Node<T> | undefined, start: string, end: string, value: T): Node<T> {
    if (node === undefined) {
      this.#size++;
      return new Node(start, end, value);
    }
    const order = compareWithNode(start, end, node);
    if (order === 0) {
      node.value = value;
      return node;
    }
    if (order < 0) node.left = this.#insert(node.left, start, end, value);
    else node.right = this.#insert(node.right, start, end, value);
    return balanced(node);
  }

  #remove(node: Node<T> | undefined, start: string, end: string): Node<T> | undefined {
    if (node === undefined) return undefined;
    const order = compareWithNode(start, end, node);
    if (order === 0) {
      this.#size--;
      return joined(node.left, node.right);
    }
    if (order < 0) node.left = this.#remove(node.left, start, end);
    else node.right = this.#remove(node.right, start, end);
    return balanced(node);
  }
}

class Node<T> {
  readonly start: string;
  readonly end: string;
  value: T;
  left: Node<T> | undefined = undefined;
  right: Node<T> | undefined = undefined;
  height = 1;
  farthestEnd: string;

  constructor(start: string, end: string, value: T) {
    this.start = start;
    this.end = end;
    this.value = value;
    this.farthestEnd = end;
  }
}

/** Negative, zero or positive, as the interval sorts before, on or behind the node's. */
function compareWithNode<T>(start: string, end: string, node: Node<T>): number {
  if (start !== node.start) return start < node.start ? -1 : 1;
  if (end === node.end) return 0;
  return laterEnd(end, node.end) === node.end ? -1 : 1;
}

function collectBelow<T>(top: Node<T> | undefined, point: string, found: T[]): void {
  let node = top;
  while (node !== undefined) {
    if (!endsBehind(node.farthestEnd, point)) return;
    collectBelow(node.left, point, found);
    if (point < node.start) return;
    if (endsBehind(node.end, point)) found.push(node.value);
    node = node.right;
  }
}

function endsBehind(end: string, point: string): boolean {
  return end === NO_END || point < end;
}

function laterEnd(a: string, b: string): string {
  if (a === NO_END || b === NO_END) return NO_END;
  return a < b ? b : a;
}

function heightOf<T>(node: Node<T> | undefined): number {
  return node === undefined ? 0 : node.height;
}

function refresh<T>(node: Node<T>): void {
  const { left, right } = node;
  node.height = 1 + Math.max(heightOf(left), heightOf(right));
  node.farthestEnd = node.end;
  if (left !== undefined) node.farthestEnd = laterEnd(node.farthestEnd, left.farthestEnd);
  if (right !== undefined) node.farthestEnd = laterEnd(node.farthestEnd, right.farthestEnd);
}

/** The top of the same nodes, whose sides now differ in height by one at most. */
function balanced<T>(node: Node<T>): Node<T> {
  const { left, right } = node;
  if (left !== undefined && left.height > heightOf(right) + 1) {
    if (heightOf(left.left) < heightOf(left.right)) node.left = rotatedLeft(left);
    return rotatedRight(node);
  }
  if (right !== undefined && right.height > heightOf(left) + 1) {
    if (heightOf(right.right) < heightOf(right.left)) node.right = rotatedRight(right);
    return rotatedLeft(node);
  }
  refresh(node);
  return node;
}

function rotatedLeft<T>(node: Node<T>): Node<T> {
  const top = node.right;
  if (top === undefined) return node;
  node.right = top.left;
  top.left = node;
  refresh(node);
  refresh(top);
  return top;
}

function rotatedRight<T>(node: Node<T>): Node<T> {
  const top = node.left;
  if (top === undefined) return node;
  node.left = top.right;
  top.right = node;
  refresh(node);
  refresh(top);
  return top;
}

/** One tree of two whose heights differ by one at most, all of `left` before all of `right`. */
function joined<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  let first = right;
  while (first.left !== undefined) first = first.left;
  first.right = withoutFirst(right);
  first.left = left;
  return balanced(first);
}

function withoutFirst<T>(node: Node<T>): Node<T> | undefined {
  if (node.left === undefined) return node.right;
  node.left = withoutFirst(node.left);
  return balanced(node);
}
