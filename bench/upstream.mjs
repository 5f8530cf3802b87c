// The fast scripted upstream: canned bytes on bare sockets. It insists on its own key and on the whole body, so that a
// proxy that drops either is seen to be broken.
import { createServer } from 'node:net'
import { announce } from './child.mjs'
import { MessageReader } from './http.mjs'
import * as messages from './messages.mjs'

const EVENT_INTERVAL_MS = 100
const SCRIPT_BYTES = 200
const withKey = new RegExp(`\r\n(?:x-api-key: *|authorization: *bearer +)${messages.UPSTREAM_KEY}(?:\r\n|$)`, 'i')

const answers = {
  json: (socket) => socket.write(messages.jsonAnswer),

  /** Ten events a write, as fast as the loop turns. */
  burst(socket, events) {
    socket.write(Buffer.concat([messages.streamHead, messages.streamOpening]))
    let left = events
    const next = () => {
      if (left === 0) return socket.write(messages.streamClosing)
      left -= 10
      socket.write(messages.tenDeltas)
      setImmediate(next)
    }
    next()
  },

  paced(socket, events) {
    socket.write(Buffer.concat([messages.streamHead, messages.streamOpening]))
    let left = events
    const timer = setInterval(() => {
      if (left-- > 0 && !socket.destroyed) return socket.write(messages.stampedDelta())
      clearInterval(timer)
      if (!socket.destroyed) socket.write(messages.streamClosing)
    }, EVENT_INTERVAL_MS)
  },
}

const server = createServer({ noDelay: true }, (socket) => {
  let authorized = false
  let beginning = ''
  let bytes = 0
  const reader = new MessageReader({
    onHead(head) {
      authorized = withKey.test(head)
      beginning = ''
      bytes = 0
    },
    onBody(piece) {
      bytes += piece.length
      if (beginning.length < SCRIPT_BYTES) beginning += piece.latin1Slice(0, Math.min(piece.length, SCRIPT_BYTES))
    },
    onEnd() {
      const wanted = messages.readScript(beginning)
      if (!authorized) refuse(socket, '401 Unauthorized')
      else if (wanted === null || wanted.bodyBytes !== bytes) refuse(socket, '400 Bad Request')
      else answers[wanted.script](socket, wanted.events)
    },
  })
  socket.on('data', (bytes) => reader.push(bytes)).on('error', () => socket.destroy())
})

function refuse(socket, status) {
  socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)
}

server.listen({ host: '127.0.0.1', port: 0, backlog: 2048 }, () => announce(server))
