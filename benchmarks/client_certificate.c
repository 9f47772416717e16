/* wrk has no option for a client certificate: give one to every TLS context that a program makes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
    SSL_CTX *(*make)(const SSL_METHOD *) = dlsym(RTLD_NEXT, "SSL_CTX_new");
    SSL_CTX *context = make(method);
    if (context != NULL && (SSL_CTX_use_certificate_chain_file(context, getenv("CLIENT_CHAIN")) != 1 ||
                            SSL_CTX_use_PrivateKey_file(context, getenv("CLIENT_KEY"), SSL_FILETYPE_PEM) != 1)) {
        fputs("the client certificate cannot be used\n", stderr);
        exit(1);
    }
    return context;
}
