import { onTestFinished } from 'vitest'
import { type RawRequest, type RawUpstream, serveRawUpstream } from '../support/raw-upstream.js'

export type { RawRequest, RawUpstream }

/** Serves `answer`, which writes to the socket what it likes, HTTP or not. Stops when the test ends. */
export async function startRawUpstream(answer: (request: RawRequest) => void): Promise<RawUpstream> {
  const upstream = await serveRawUpstream(answer)
  onTestFinished(upstream.close)
  return upstream
}
