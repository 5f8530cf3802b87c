import type { ContentHash } from './content-hash.js'
import type { CountedBlock } from './counted-blocks.js'

/** Digests of a history that grows block by block: how blocks are divided into messages does not matter. */
export class HistoryChain {
  readonly #hash: ContentHash
  readonly #points: string[] = []
  #at: string
  /** Without its last block. */
  #before = ''
  #turn = new Turn('')

  /** @param begin what the history goes on from; empty where it begins here */
  constructor(hash: ContentHash, begin: string) {
    this.#hash = hash
    this.#at = begin
  }

  /** Adds a message. */
  add(blocks: readonly CountedBlock[]): void {
    const before = this.#at
    for (const block of blocks) {
      if (block.role !== this.#turn.role) this.#turn = new Turn(block.role)
      if (this.#turn.hasHad(block)) continue
      this.#before = this.#at
      this.#at = this.#after(this.#at, [block])
    }
    if (this.#at !== before) this.#points.push(this.#at)
  }

  /** The history as of each of the last messages, the last one first. */
  points(most: number): string[] {
    return this.#points.slice(-most).reverse()
  }

  /** The history with the answer after it, as it came and without its thinking; none where nothing of it counts. */
  answered(answer: readonly CountedBlock[]): string[] {
    const turn = new Turn('assistant')
    const blocks = answer.filter((block) => !turn.hasHad(block))
    const spoken = blocks.filter(({ isThinking }) => !isThinking)
    return [blocks, spoken].filter(({ length }) => length > 0).map((said) => this.#after(this.#at, said))
  }

  /** The same where the answer's first block is one with the last of the history. */
  answeredWith(joined: string | null, [first, ...rest]: readonly CountedBlock[]): string[] {
    if (joined === null || first === undefined) return []
    return [this.#after(this.#before, [{ ...first, digest: joined }, ...rest])]
  }

  #after(before: string, blocks: readonly CountedBlock[]): string {
    return blocks.reduce((at, { digest }) => this.#hash.link('history', at, digest), before)
  }
}

/** Blocks of one role in a row. */
class Turn {
  readonly role: string
  readonly #tools = new Set<string>()

  constructor(role: string) {
    this.role = role
  }

  /** Whether it is a tool block that this turn has had: clients send some twice. */
  hasHad({ isTool, digest }: CountedBlock): boolean {
    if (!isTool) return false
    const had = this.#tools.has(digest)
    this.#tools.add(digest)
    return had
  }
}
