/** The value that `share` of the values do not exceed; null of none. */
export function percentile(values, share) {
  const sorted = toSorted(values)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

export function median(values) {
  const sorted = toSorted(values)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function toSorted(values) {
  return [...values].sort((a, b) => a - b)
}
