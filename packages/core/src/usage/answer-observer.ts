import type { OutgoingHttpHeaders } from 'node:http'
import type { Clock } from '../clock.js'
import type { Exchange } from '../exchange.js'
import type { Meter } from './facts.js'
import { createMeter } from './meter.js'

/** Gathers what an answer tells of its exchange from the bytes that have been written on. */
export class AnswerObserver {
  readonly #exchange: Exchange
  readonly #clock: Clock
  #meter: Meter | null = null

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange
    this.#clock = clock
  }

  onHead(status: number, head: OutgoingHttpHeaders): void {
    const requestId = head['request-id']
    this.#exchange.status = status
    this.#exchange.upstreamRequestId = typeof requestId === 'string' ? requestId : null
    this.#exchange.firstByteMs = this.#clock.monotonic() - this.#exchange.startedMonotonic
    this.#meter = createMeter(head)
  }

  onChunk(chunk: Buffer): void {
    this.#exchange.answerBytes += chunk.length
    this.#meter?.push(chunk)
  }

  /** Once nothing more comes. */
  finish(): void {
    this.#exchange.answer = this.#meter?.facts() ?? null
    this.#exchange.errorType = this.#exchange.answer?.errorType ?? null
  }
}
