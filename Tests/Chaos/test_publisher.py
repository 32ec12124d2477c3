"""Publishers go on asking, under the same key, until they are answered."""

import asyncio
import socket

from publisher import Publishers
from record import WARM
from stand_in import StandIn

PATIENCE = 0.2  # seconds that a marker may take


def a_port_that_refuses():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_outage_long_after_the_markers_is_outlasted():
    async def play():
        stand_in = StandIn()
        await stand_in.up()
        ports = [stand_in.redis_port()]
        publishers = Publishers(lambda: ports[-1], "halley", ["a", "b"], 100, seed=1, live_share=0.0)
        await publishers.mark(WARM, PATIENCE)
        await asyncio.sleep(2 * PATIENCE)  # the markers' patience has passed, and means nothing to what follows
        for link in publishers._links:
            link.close()
        ports.append(a_port_that_refuses())
        publishers.start()
        while not publishers.errors["ConnectionRefusedError"] > 20:
            await asyncio.sleep(0.01)
        ports.append(stand_in.redis_port())
        await publishers.stop(5.0)
        publishers.close()
        await stand_in.down()
        return publishers.publications

    publications = asyncio.run(asyncio.wait_for(play(), 20))
    assert len(publications) > 2 and any(len(publication.attempts) > 1 for publication in publications)
    assert all(publication.is_acknowledged for publication in publications)
