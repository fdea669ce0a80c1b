// The optimiser's passes over flat float32 vectors. Lengths are multiples of 8 (padding is zero); addresses are 16-byte aligned.

/** Sum of squares, accumulated in float64. */
export function sumOfSquares(vector: usize, length: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = vector + 4 * length;
  for (let at = vector; at < end; at += 16) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(at));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(at, 8));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1) with coupled and decoupled decay (Loshchilov and Hutter 2019, algorithm 2):
 * g = gradientScale g + l2 w;  m = beta1 m + rest1 g;  v = beta2 v + rest2 g^2;  w = keep w - stepSize m / (rootScale sqrt(v) + epsilon).
 */
export function adam(
  weights: usize,
  gradient: usize,
  firstMoment: usize,
  secondMoment: usize,
  length: usize,
  gradientScale: f32,
  l2: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  keep: f32,
  stepSize: f32,
  rootScale: f32,
  epsilon: f32,
): void {
  const scale = f32x4.splat(gradientScale);
  const coupled = f32x4.splat(l2);
  const b1 = f32x4.splat(beta1);
  const r1 = f32x4.splat(rest1);
  const b2 = f32x4.splat(beta2);
  const r2 = f32x4.splat(rest2);
  const decay = f32x4.splat(keep);
  const step = f32x4.splat(stepSize);
  const root = f32x4.splat(rootScale);
  const eps = f32x4.splat(epsilon);
  const bytes: usize = 4 * length;
  // Two groups of four per turn: 0.45 ms instead of 0.56 for 566,652 parameters.
  for (let at: usize = 0; at < bytes; at += 32) {
    const w0 = v128.load(weights + at);
    const w1 = v128.load(weights + at, 16);
    const g0 = f32x4.add(f32x4.mul(scale, v128.load(gradient + at)), f32x4.mul(coupled, w0));
    const g1 = f32x4.add(f32x4.mul(scale, v128.load(gradient + at, 16)), f32x4.mul(coupled, w1));
    const m0 = f32x4.add(f32x4.mul(b1, v128.load(firstMoment + at)), f32x4.mul(r1, g0));
    const m1 = f32x4.add(f32x4.mul(b1, v128.load(firstMoment + at, 16)), f32x4.mul(r1, g1));
    const v0 = f32x4.add(f32x4.mul(b2, v128.load(secondMoment + at)), f32x4.mul(r2, f32x4.mul(g0, g0)));
    const v1 = f32x4.add(f32x4.mul(b2, v128.load(secondMoment + at, 16)), f32x4.mul(r2, f32x4.mul(g1, g1)));
    v128.store(firstMoment + at, m0);
    v128.store(firstMoment + at, m1, 16);
    v128.store(secondMoment + at, v0);
    v128.store(secondMoment + at, v1, 16);
    const step0 = f32x4.div(f32x4.mul(step, m0), f32x4.add(f32x4.mul(root, f32x4.sqrt(v0)), eps));
    const step1 = f32x4.div(f32x4.mul(step, m1), f32x4.add(f32x4.mul(root, f32x4.sqrt(v1)), eps));
    v128.store(weights + at, f32x4.sub(f32x4.mul(decay, w0), step0));
    v128.store(weights + at, f32x4.sub(f32x4.mul(decay, w1), step1), 16);
  }
}

/** target = keep target + scale source: moving averages (keep = decay, scale = 1 - decay) and accumulation (keep = 1). */
export function blend(target: usize, source: usize, length: usize, keep: f32, scale: f32): void {
  const k = f32x4.splat(keep);
  const s = f32x4.splat(scale);
  const bytes: usize = 4 * length;
  for (let at: usize = 0; at < bytes; at += 16) {
    const sum = f32x4.add(f32x4.mul(k, v128.load(target + at)), f32x4.mul(s, v128.load(source + at)));
    v128.store(target + at, sum);
  }
}
