// fuzz_address: the parser of ADDRESS takes any text, and what it takes apart
// put together again is the text.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "address.h"
#include "fuzz.h"

enum { TEXT_MAX = 600 }; // longer than any HOST and any path

static bool is_number(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text);
}

static void check_path(const struct address *address) {
    demand(strncmp(address->text, "unix:", 5) == 0, "a path out of nothing");
    demand(address->path == address->text + 5, "the path is another one");
    size_t length = strlen(address->path);
    demand(length > 0, "a path of no characters");
    demand(length < sizeof((struct sockaddr_un *)0)->sun_path,
           "a path that does not fit");
}

static void check_text(const struct address *address) {
    char text[TEXT_MAX];
    const char *format = address->numeric ? "[%s]:%s" : "%s:%s";
    demand(is_number(address->port) && strlen(address->port) <= 5 &&
               atoi(address->port) <= 65535,
           "a port that is none");
    demand(*address->host != '\0', "a host of no characters");
    demand(address->numeric || !strchr(address->host, ':'),
           "a colon in a name");
    snprintf(text, sizeof text, format, address->host, address->port);
    if (is_number(address->text))
        demand(strncmp(text, "127.0.0.1:", 10) == 0 &&
                   strcmp(text + 10, address->text) == 0,
               "a bare port is not that port on this machine only");
    else
        demand(strcmp(text, address->text) == 0, "the parts are not the text");
}

// A numeric address, as a socket has it and as the log shows it, is read as the
// same address.
static void check_name(const struct address *address) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct address parsed;
    char name[ADDRESS_SIZE];
    unsigned char again[sizeof six.sin6_addr];

    four.sin_port = six.sin6_port = htons((in_port_t)atoi(address->port));
    if (inet_pton(AF_INET, address->host, &four.sin_addr) == 1)
        address_name((struct sockaddr *)&four, sizeof four, name);
    else if (inet_pton(AF_INET6, address->host, &six.sin6_addr) == 1)
        address_name((struct sockaddr *)&six, sizeof six, name);
    else
        return;

    demand(address_parse(&parsed, name) == NULL, "it cannot read its own name");
    demand(parsed.numeric == address->numeric, "another family");
    demand(atoi(parsed.port) == atoi(address->port), "another port");
    inet_pton(parsed.numeric ? AF_INET6 : AF_INET, parsed.host, again);
    demand(parsed.numeric ? !memcmp(again, &six.sin6_addr, 16)
                          : !memcmp(again, &four.sin_addr, 4),
           "another address");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    char text[TEXT_MAX] = {0};
    struct address address;
    memcpy(text, bytes, length < TEXT_MAX ? length : TEXT_MAX - 1);

    const char *wrong = address_parse(&address, text);
    if (wrong) {
        demand(*wrong && !strchr(wrong, '\n'), "a reason that is no line");
        return 0;
    }
    demand(address.text == text, "another text");
    if (address.path)
        check_path(&address);
    else {
        check_text(&address);
        check_name(&address);
    }
    return 0;
}
