"""FastAPI with rules, an optional set of routers, WebSockets and an OpenAPI that says who needs a certificate.

    CLIENTCERT_SOURCE=tls CLIENTCERT_TRUST=client-ca.crt \
        uvicorn examples.with_authorization.fastapi_app:app --http clientcert.servers.uvicorn:Auto \
        --ssl-certfile server.crt --ssl-keyfile server.key --ssl-ca-certs client-ca.crt --ssl-cert-reqs 1
"""

from fastapi import APIRouter, Depends, FastAPI, WebSocket

from clientcert import ClientCertConfig
from clientcert.fastapi import Client, install, require
from examples.with_authorization.policy import everyone, operators

app = FastAPI()
install(app, ClientCertConfig.from_env(exempt=["/healthz"]))

orders = APIRouter(prefix="/orders", dependencies=[Depends(require(everyone))])


@orders.get("")
async def read_orders(client: Client) -> dict[str, str]:
    return {"subject": client.subject.rfc4514}


@orders.delete("/1", dependencies=[Depends(require(operators))])
async def delete_order() -> dict[str, str]:
    return {"deleted": "1"}


@app.get("/ops", dependencies=[Depends(require(operators))])
async def ops() -> dict[str, str]:
    return {"subject": "operators only"}


@app.websocket("/feed", dependencies=[Depends(require(operators))])
async def feed(websocket: WebSocket, client: Client) -> None:
    await websocket.accept()
    await websocket.send_text(client.subject.rfc4514)
    await websocket.close()


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


app.include_router(orders)
