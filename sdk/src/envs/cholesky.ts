// Small symmetric positive definite systems without allocation: A = L L', matrices row by row.

/** Pivots below this share of the largest entry count as none, as singular values do in NumPy's pseudo-inverse. */
const leastPivot = 1e-15;

/** Writes L (n, n) into the lower triangle of `out`, which may be `matrix`. A direction without inertia gets the pivot infinity. */
export function factorize(matrix: Float64Array, n: number, out: Float64Array): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, matrix[n * i + i]!);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[n * i + j]!;
      for (let k = 0; k < j; k++) sum -= out[n * i + k]! * out[n * j + k]!;
      if (i !== j) out[n * i + j] = sum / out[n * j + j]!;
      else out[n * i + i] = sum > leastPivot * largest ? Math.sqrt(sum) : Infinity;
    }
  }
}

/** Replaces the n numbers of `b` from `offset` on by the solution of L L' x = b. */
export function solve(factor: Float64Array, n: number, b: Float64Array, offset = 0): void {
  for (let i = 0; i < n; i++) {
    let sum = b[offset + i]!;
    for (let k = 0; k < i; k++) sum -= factor[n * i + k]! * b[offset + k]!;
    b[offset + i] = sum / factor[n * i + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[offset + i]!;
    for (let k = i + 1; k < n; k++) sum -= factor[n * k + i]! * b[offset + k]!;
    b[offset + i] = sum / factor[n * i + i]!;
  }
}
