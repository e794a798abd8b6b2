"""What the dashboard's server does about its kernels, without a browser."""

import asyncio

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from lib import dashboard_handlers


def test_a_page_that_was_fetched_and_never_connected_keeps_no_place():
    async def place(manager):
        kernel = await manager.start_kernel()
        manager.notify_connect(kernel)
        await dashboard_handlers.end_unseen(manager, kernel)
        connected = kernel in manager
        manager.notify_disconnect(kernel)
        await dashboard_handlers.end_unseen(manager, kernel)
        await dashboard_handlers.end_unseen(manager, kernel)  # which is gone by now
        return connected, kernel in manager

    found = asyncio.run(place(AsyncMappingKernelManager(transport_encryption="auto")))
    assert found == (True, False)
