/** A member of {@link UnderWay}; it knows its own place. */
export interface Placed {
  place: number
}

/**
 * What is under way now, added and removed with each request. Not a Set: its discarded tables stay linked to one
 * another in old memory and keep whatever was in them alive until a full collection, which was measured to cost a
 * third of the CPU of a small request.
 */
export class UnderWay<Member extends Placed> {
  readonly #members: Member[] = []
  #whenEmpty: (() => void) | null = null

  get size(): number {
    return this.#members.length
  }

  add(member: Member): void {
    member.place = this.#members.push(member) - 1
  }

  remove(member: Member): void {
    const last = this.#members.pop()!
    if (last !== member) {
      this.#members[member.place] = last
      last.place = member.place
    }
    if (this.#members.length === 0) this.#whenEmpty?.()
  }

  /** Those under way at this moment. */
  all(): Member[] {
    return [...this.#members]
  }

  /** Resolves once nothing is under way; what still is after `afterMs` is given to `cut`, which has to end it. */
  async drain(afterMs: number, cut: (member: Member) => void): Promise<void> {
    if (this.size === 0) return
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
    const timer = setTimeout(() => this.all().forEach(cut), afterMs)
    await empty
    clearTimeout(timer)
  }
}
