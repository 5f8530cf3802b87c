import { createServer } from 'node:http'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import express from 'express'
import { listen } from '../child.mjs'
import { proxy } from './ours.mjs'

const app = express().disable('x-powered-by')
app.use(createExpressMiddleware(proxy))
listen(createServer(app))
