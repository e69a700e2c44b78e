# aiohttp: an application with a web socket, and its clients.
import asyncio, aiohttp
from aiohttp import web
async def hello(request): return web.json_response({'path': request.path, 'size': len(await request.read())})
async def socket(request):
    ws = web.WebSocketResponse(); await ws.prepare(request)
    async for message in ws: await ws.send_str(message.data[::-1])
    return ws
async def main():
    app = web.Application(client_max_size=4 << 20); app.add_routes([web.get('/ws', socket), web.route('*', '/{path}', hello)])
    runner = web.AppRunner(app); await runner.setup()
    site = web.TCPSite(runner, '127.0.0.1', 0); await site.start()
    url = 'http://127.0.0.1:%d' % runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        async def get(i):
            async with session.get(f'{url}/{i}') as answer: return (await answer.json())['path']
        print(await asyncio.gather(*(get(i) for i in range(50))))
        async with session.post(url + '/post', data=bytes(1 << 20)) as answer: print(await answer.json())
        async with session.ws_connect(url + '/ws') as ws:
            for text in 'abc', 'def': await ws.send_str(text); print(await ws.receive_str())
    await runner.cleanup()
    try:
        async with aiohttp.ClientSession() as session: await session.get(url)
    except aiohttp.ClientConnectorError as error: print(error.os_error.errno)
asyncio.run(main())
