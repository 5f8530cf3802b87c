/** Shorter ones are found in any text. */
const LEAST_CHARACTERS = 12
/** What tells a passage; more of it is not looked at. */
const MOST_CHARACTERS = 400
/** Longer texts are looked at as far as this. */
const MOST_TEXT = 200_000

/**
 * The longest passages of a text, at most so many: what stands between line breaks, tags and ends of sentences. A text
 * that carries another keeps its longest passages, whatever is written around them.
 */
export function longestPassages(text: string, most: number): string[] {
  const passages = text
    .slice(0, MOST_TEXT)
    .split(/[\r\n]+|<\/?\w+>|(?<=[.!?:;])\s/)
    .map(toPassage)
    .filter((passage) => passage.length >= LEAST_CHARACTERS)
  return [...new Set(passages)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).slice(0, most)
}

/** Without the bullets, numbers' points and marks of emphasis around it. */
function toPassage(piece: string): string {
  // Cut first: what is matched at the end takes quadratic time.
  return piece.slice(0, MOST_CHARACTERS).replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
}
