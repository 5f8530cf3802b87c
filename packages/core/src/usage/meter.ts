import type { OutgoingHttpHeaders } from 'node:http'
import { EventStreamMeter } from './event-stream-meter.js'
import type { Meter } from './facts.js'
import { JsonMeter } from './json-meter.js'

/** Creates the meter for an answer with this head, or null where there is nothing it could read. */
export function createMeter(headers: OutgoingHttpHeaders): Meter | null {
  const coding = headers['content-encoding']
  if (coding !== undefined && coding !== 'identity') return null
  const type = String(headers['content-type'] ?? '').toLowerCase()
  if (type.startsWith('text/event-stream')) return new EventStreamMeter()
  return type.startsWith('application/json') ? new JsonMeter() : null
}
