// Philox 4x32-10, a counter-based random generator. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".

const MULTIPLIER_0: u64 = 0xd2511f53;
const MULTIPLIER_1: u64 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** Writes `blocks` blocks of four words at `target`. The first counter is given as four words; the lowest counts up, with carry into the second. */
export function philox(
  target: usize,
  blocks: i32,
  counter0: u32,
  counter1: u32,
  counter2: u32,
  counter3: u32,
  key0: u32,
  key1: u32,
): void {
  let counter = ((<u64>counter1) << 32) | counter0;
  for (let block = 0; block < blocks; block++, counter++) {
    let x0 = <u32>counter;
    let x1 = <u32>(counter >> 32);
    let x2 = counter2;
    let x3 = counter3;
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < ROUNDS; round++) {
      const product0 = MULTIPLIER_0 * x0;
      const product1 = MULTIPLIER_1 * x2;
      x0 = (<u32>(product1 >> 32)) ^ x1 ^ k0;
      x2 = (<u32>(product0 >> 32)) ^ x3 ^ k1;
      x1 = <u32>product1;
      x3 = <u32>product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    const address = target + 16 * <usize>block;
    store<u32>(address, x0);
    store<u32>(address, x1, 4);
    store<u32>(address, x2, 8);
    store<u32>(address, x3, 12);
  }
}
