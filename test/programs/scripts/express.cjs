// An Express app, asked by undici: routes, JSON, errors, static files, a pool of connections, pipelining.
const {once} = require('node:events')
const fs = require('node:fs')
const express = require('express')
const {Pool, request} = require('undici')

async function main() {
  fs.mkdirSync('public', {recursive: true})
  fs.writeFileSync('public/file.txt', 'static\n'.repeat(50_000))
  const app = express()
  app.use(express.json({limit: '1mb'}))
  app.use('/public', express.static('public'))
  app.get('/hello/:name', ({params, query}, response) => response.send(`hello ${params.name} ${query.q}`))
  app.post('/sum', ({body}, response) => response.json({sum: body.reduce((sum, n) => sum + n, 0)}))
  app.get('/fails', () => {
    throw new Error('expected')
  })
  app.use((error, _request, response, _next) => response.status(500).send(error.message))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${server.address().port}`

  const text = async (path, options) => {
    const {statusCode, body} = await request(`${origin}${path}`, options)
    return `${statusCode} ${await body.text()}`
  }
  console.log(await text('/hello/world?q=1'))
  const numbers = JSON.stringify(Array.from({length: 20_000}, (_, i) => i))
  const headers = {'content-type': 'application/json'}
  console.log(await text('/sum', {method: 'POST', headers, body: numbers}))
  console.log(await text('/sum', {method: 'POST', headers, body: '[1,'}))
  console.log(await text('/fails'))
  console.log((await text('/missing')).slice(0, 3))
  console.log((await text('/public/file.txt')).length)
  console.log(await text('/public/file.txt', {headers: {range: 'bytes=7-12'}}))
  const pool = new Pool(origin, {connections: 10, pipelining: 4})
  const answers = await Promise.all(
    Array.from({length: 500}, async (_, i) => {
      const {statusCode, body} = await pool.request({path: `/hello/${i}?q=${i}`, method: 'GET'})
      return `${statusCode} ${await body.text()}`
    }),
  )
  console.log(answers.every((answer, i) => answer === `200 hello ${i} ${i}`), answers.at(-1))
  await pool.close()
  server.close()
}

main()
