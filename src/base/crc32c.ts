/** The Castagnoli polynomial with its bits reversed, as the table method wants it. */
const POLYNOMIAL = 0x82f63b78;

/** How many bytes one turn of the loop takes; each has its own table of 256 values. */
const BYTES_PER_TURN = 16;

/**
 * All tables in one array (measured on whole megabytes: 2.2 GB/s, against 1.9 with an array for
 * each table and 1.9 with eight bytes a turn). Table `k` starts at `256 * k` and holds what a byte
 * does to the sum when `k` more bytes follow it.
 */
const TABLES: Int32Array = new Int32Array(256 * BYTES_PER_TURN);

/**
 * How many bytes are summed one at a time before the tables of whole turns are filled. The start
 * of a new member sums some 300. Filling 4096 places would be hot enough for the engine to compile
 * it, and the optimizing compilers, once used, take megabytes that an idle server can do without.
 */
const BYTES_BEFORE_TURNS = 1024;
let bytesOneAtATime = 0;
let hasTurnTables = false;

fillFirstTable();

/**
 * The CRC-32C of bytes[start, end), continued from `seed`: the sum of a whole is
 * `crc32c(second, ..., crc32c(first, ...))`. The result is from 0 to 2^32 - 1.
 */
export function crc32c(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  seed = 0,
): number {
  let crc = ~seed;
  let i = start;
  if (!hasTurnTables) noteOneAtATime(end - start);
  for (const last = hasTurnTables ? end - BYTES_PER_TURN : -1; i <= last; i += BYTES_PER_TURN) {
    // Only the first four bytes meet the sum so far; the other twelve look up independently,
    // which lets the processor run the loads side by side.
    crc = TABLES[3840 + ((crc ^ bytes[i]) & 0xff)] ^
      TABLES[3584 + (((crc >>> 8) & 0xff) ^ bytes[i + 1])] ^
      TABLES[3328 + (((crc >>> 16) & 0xff) ^ bytes[i + 2])] ^
      TABLES[3072 + ((crc >>> 24) ^ bytes[i + 3])] ^
      TABLES[2816 + bytes[i + 4]] ^
      TABLES[2560 + bytes[i + 5]] ^
      TABLES[2304 + bytes[i + 6]] ^
      TABLES[2048 + bytes[i + 7]] ^
      TABLES[1792 + bytes[i + 8]] ^
      TABLES[1536 + bytes[i + 9]] ^
      TABLES[1280 + bytes[i + 10]] ^
      TABLES[1024 + bytes[i + 11]] ^
      TABLES[768 + bytes[i + 12]] ^
      TABLES[512 + bytes[i + 13]] ^
      TABLES[256 + bytes[i + 14]] ^
      TABLES[bytes[i + 15]];
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

/** The sum is linear: what a byte does is what each of its bits does, combined. */
function fillFirstTable(): void {
  let ofBit = 1;
  for (let bit = 128; bit > 0; bit >>= 1) {
    ofBit = (ofBit & 1) === 1 ? (ofBit >>> 1) ^ POLYNOMIAL : ofBit >>> 1;
    for (let byte = bit; byte < 256; byte += 2 * bit) TABLES[byte] = TABLES[byte - bit] ^ ofBit;
  }
}

function noteOneAtATime(byteCount: number): void {
  bytesOneAtATime += byteCount;
  if (bytesOneAtATime <= BYTES_BEFORE_TURNS) return;
  for (let i = 256; i < TABLES.length; i++) {
    TABLES[i] = (TABLES[i - 256] >>> 8) ^ TABLES[TABLES[i - 256] & 0xff];
  }
  hasTurnTables = true;
}
