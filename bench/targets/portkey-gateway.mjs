// Portkey's gateway starts a server of its own when it is loaded. It is told neither a free port nor an address, so
// both are given here; each request names provider and upstream in headers.
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { announce } from '../child.mjs'

const { listen } = Server.prototype
Server.prototype.listen = function () {
  return listen.call(this, { host: '127.0.0.1', port: 0, backlog: 2048 }, () => announce(this))
}
process.argv.push('--headless')
await import(createRequire(import.meta.url).resolve('@portkey-ai/gateway/build/start-server.js'))
