import type { AnswerFacts, Usage } from '../exchange.js'
import { type Meter, toObject, toStringOrNull } from './facts.js'
import { JsonScanner } from './json-scanner.js'

/** No content but an empty one is that short. */
const KEYS = JsonScanner.keys(['model', 'usage', 'stop_reason', 'error'], { content: 16 })

/** Reads the facts of an answer that is one JSON object: a message or an error. */
export class JsonMeter implements Meter {
  readonly #scanner = new JsonScanner(KEYS)

  push(chunk: Buffer): void {
    this.#scanner.push(chunk)
  }

  facts(): AnswerFacts {
    const { members } = this.#scanner
    return {
      model: toStringOrNull(members.get('model')),
      usage: toObject(members.get('usage')) as Usage | null,
      stopReason: toStringOrNull(members.get('stop_reason')),
      empty: isEmpty(members.get('content')),
      errorType: toStringOrNull(toObject(members.get('error'))?.type),
      complete: true,
    }
  }
}

function isEmpty(content: unknown): boolean {
  return Array.isArray(content) && content.length === 0
}
