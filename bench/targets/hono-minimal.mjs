// What Hono itself costs where its middleware is to go on working: the reference with the request read raw and the
// answer given as one Response that is fed chunk by chunk.
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'undici'
import { listen } from '../child.mjs'
import { UPSTREAM_KEY } from '../messages.mjs'
import { toClientHeaders, toUpstreamHeaders, UPSTREAM } from './settings.mjs'

const SMALL_BODY_BYTES = 256 * 1024
const HIGH_WATER_BYTES = 64 * 1024
const pool = new Pool(UPSTREAM, { pipelining: 1 })

const app = new Hono().all('*', ({ env: { incoming, outgoing } }) => {
  const length = Number(incoming.headers['content-length'])
  const headers = toUpstreamHeaders(incoming.rawHeaders, UPSTREAM_KEY)
  return new Promise((resolve, reject) => {
    const dispatch = (body) =>
      pool.dispatch(
        { method: incoming.method, path: incoming.url, headers, body },
        new Answer(outgoing, resolve, reject),
      )
    if (length > SMALL_BODY_BYTES) {
      headers.push('content-length', String(length))
      dispatch(incoming)
      return
    }
    const chunks = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => dispatch(join(chunks)))
  })
})

class Answer {
  #resolve
  #reject
  #controller = null
  #stream = null
  #chunks = []
  #scheduled = false
  #ended = false

  constructor(outgoing, resolve, reject) {
    this.#resolve = resolve
    this.#reject = reject
    outgoing.on('close', () => {
      if (!this.#ended) this.#controller?.abort(new Error('the client left'))
    })
  }

  onRequestStart(controller) {
    this.#controller = controller
  }

  onResponseStart({ rawHeaders }, status) {
    const raw = toClientHeaders(rawHeaders)
    const headers = {}
    for (let i = 0; i < raw.length; i += 2) headers[raw[i]] = raw[i + 1]
    const source = {
      start: (stream) => {
        this.#stream = stream
      },
      pull: () => this.#controller.resume(),
    }
    const strategy = { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength }
    this.#resolve(new Response(new ReadableStream(source, strategy), { status, headers }))
  }

  onResponseData(_controller, chunk) {
    this.#chunks.push(chunk)
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => this.#flush())
  }

  onResponseEnd() {
    this.#ended = true
    if (this.#chunks.length > 0) this.#stream.enqueue(join(this.#chunks))
    this.#stream.close()
  }

  onResponseError(_controller, error) {
    if (!this.#ended) this.#stream?.error(error)
    this.#ended = true
    this.#reject(error)
  }

  #flush() {
    this.#scheduled = false
    if (this.#ended) return
    this.#stream.enqueue(join(this.#chunks))
    this.#chunks = []
    if (this.#stream.desiredSize <= 0) this.#controller.pause()
  }
}

function join(chunks) {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}

listen(createAdaptorServer({ fetch: app.fetch }))
