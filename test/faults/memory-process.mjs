// A proxy in a process of its own, mounted as argv says; on the IPC channel it says where it listens, and how many bytes
// it takes whenever it is asked.
import { createServer } from 'node:http'
import { allowAnyone, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'

const [host, upstream] = process.argv.slice(2)
const proxy = createProxy({
  storage: memoryStorage({ credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } } }),
  authenticate: allowAnyone('example.com'),
  upstream,
  record: { bodies: false },
  logger: silentLogger,
})
const server =
  host === 'Hono'
    ? createAdaptorServer({ fetch: new Hono().all('*', createHonoHandler(proxy)).fetch })
    : createServer(express().use(createExpressMiddleware(proxy)))
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ bytes: process.memoryUsage.rss() }))
process.on('disconnect', () => process.exit())
