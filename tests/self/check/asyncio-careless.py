"""asyncio as in its manual's example: it keeps all that a client sends.

There is no drain(), a deadline for reading only, and no answer to SIGTERM.
"""
import asyncio
import sys


async def serve(reader, writer):
    try:
        while data := await asyncio.wait_for(reader.read(65536), 5):
            writer.write(data)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
