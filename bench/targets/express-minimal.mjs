// What Express itself costs: the reference inside it.
import { createServer } from 'node:http'
import express from 'express'
import { listen } from '../child.mjs'
import { forward } from './minimal.mjs'

const app = express().disable('x-powered-by')
app.use(forward)
listen(createServer(app))
