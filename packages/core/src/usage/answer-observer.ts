import type { OutgoingHttpHeaders } from 'node:http'
import type { Clock } from '../clock.js'
import type { Exchange } from '../exchange.js'
import type { Meter } from './facts.js'
import { createMeter } from './meter.js'

/** Where the answer is kept for the record. */
export interface AnswerKeeper {
  openAnswer(head: OutgoingHttpHeaders): void
  readonly answer: { push(chunk: Buffer): void }
}

/** Gathers what an answer tells of its exchange from the bytes that have been written on. */
export class AnswerObserver {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #keeper: AnswerKeeper | null
  #meter: Meter | null = null

  constructor(exchange: Exchange, clock: Clock, keeper: AnswerKeeper | null) {
    this.#exchange = exchange
    this.#clock = clock
    this.#keeper = keeper
  }

  onHead(status: number, head: OutgoingHttpHeaders): void {
    const requestId = head['request-id']
    this.#exchange.status = status
    this.#exchange.upstreamRequestId = typeof requestId === 'string' ? requestId : null
    this.#exchange.firstByteMs = this.#clock.monotonic() - this.#exchange.startedMonotonic
    this.#keeper?.openAnswer(head)
    this.#meter = createMeter(head)
  }

  onChunk(chunk: Buffer): void {
    this.#exchange.answerBytes += chunk.length
    this.#keeper?.answer.push(chunk)
    this.#meter?.push(chunk)
  }

  /** Once nothing more comes. */
  finish(): void {
    this.#exchange.answer = this.#meter?.facts() ?? null
    this.#exchange.errorType = this.#exchange.answer?.errorType ?? null
  }
}
