import type { OutgoingHttpHeaders } from 'node:http'
import type { Exchange, ExchangeBodies } from '../exchange.js'
import { type ByteBudget, KeptBytes } from './kept-bytes.js'

/** What of an exchange is gathered for its record while it lives: references, and no work. */
export class ExchangeDraft {
  readonly exchange: Exchange
  readonly rawHeaders: readonly string[]
  readonly request: KeptBytes
  readonly answer: KeptBytes
  #answerType: string | null = null
  #answerCoding: string | null = null

  constructor(exchange: Exchange, rawHeaders: readonly string[], maxBodyBytes: number, budget: ByteBudget) {
    this.exchange = exchange
    this.rawHeaders = rawHeaders
    this.request = new KeptBytes(maxBodyBytes, budget)
    this.answer = new KeptBytes(maxBodyBytes, budget)
  }

  /** Takes note of the answer's head. */
  openAnswer(head: OutgoingHttpHeaders): void {
    this.#answerType = head['content-type'] === undefined ? null : String(head['content-type'])
    this.#answerCoding = head['content-encoding'] === undefined ? null : String(head['content-encoding'])
  }

  /** Whether the answer is a stream of server-sent events. */
  get stream(): boolean {
    return this.#answerType?.toLowerCase().startsWith('text/event-stream') ?? false
  }

  get bytes(): number {
    return this.request.bytes + this.answer.bytes
  }

  /** A header of the request by its lower-case name, the first one; null where there is none. */
  header(name: string): string | null {
    for (let i = 0; i < this.rawHeaders.length; i += 2) {
      const given = this.rawHeaders[i]!
      if (given.length === name.length && given.toLowerCase() === name) return this.rawHeaders[i + 1]!
    }
    return null
  }

  /** The bodies as they are encoded; null where there are none. Before its domain is known, no body has been read. */
  toBodies(): ExchangeBodies | null {
    const { requestId, startedAt, domain } = this.exchange
    const declared = Number(this.header('content-length') ?? 0)
    const request = this.request.toBody(this.header('content-encoding'), declared)
    const answer = this.answer.toBody(this.#answerCoding)
    if (domain === null || (request === null && answer === null)) return null
    return { requestId, startedAt, domain, request, answer, stream: this.stream }
  }

  /** Lets go of the bodies. */
  release(): void {
    this.request.release()
    this.answer.release()
  }
}
