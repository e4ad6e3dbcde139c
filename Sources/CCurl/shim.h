#include <stddef.h>
#include <stdint.h>

// libcurl is opened when a bucket is used for the first time, and its headers are not needed: the numbers below are
// part of its interface, which has not changed since version 7.16 (https://curl.se/libcurl/abi.html).
// `curl_easy_setopt` and `curl_easy_getinfo` take a variable number of arguments, which Swift cannot call.

enum {
    CCurl_ok = 0,
    CCurl_unsupportedProtocol = 1,
    CCurl_malformedURL = 3,
    CCurl_couldNotResolveProxy = 5,
    CCurl_couldNotResolveHost = 6,
    CCurl_couldNotConnect = 7,
    CCurl_timedOut = 28,
    CCurl_peerFailedVerification = 60,
    CCurl_sslCACertBadFile = 77,

    CCurl_globalAll = 3,
    CCurl_messageDone = 1,
    CCurl_pollIn = 1,
    CCurl_http1_1 = 2,
    CCurl_protocolHTTP = 1,
    CCurl_protocolHTTPS = 2,

    CCurl_optionLowSpeedLimit = 19,
    CCurl_optionLowSpeedTime = 20,
    CCurl_optionNoBody = 44,
    CCurl_optionFreshConnect = 74,
    CCurl_optionHTTPVersion = 84,
    CCurl_optionBufferSize = 98,
    CCurl_optionNoSignal = 99,
    CCurl_optionTimeoutMS = 155,
    CCurl_optionConnectTimeoutMS = 156,
    CCurl_optionProtocols = 181,
    CCurl_optionTCPKeepAlive = 213,
    CCurl_optionPathAsIs = 234,
    CCurl_optionUploadBufferSize = 280,

    CCurl_optionWriteData = 10001,
    CCurl_optionURL = 10002,
    CCurl_optionErrorBuffer = 10010,
    CCurl_optionPostFields = 10015,
    CCurl_optionUserAgent = 10018,
    CCurl_optionHTTPHeader = 10023,
    CCurl_optionHeaderData = 10029,
    CCurl_optionCustomRequest = 10036,
    CCurl_optionCAInfo = 10065,
    CCurl_optionNoProxy = 10177,

    CCurl_optionWriteFunction = 20011,
    CCurl_optionHeaderFunction = 20079,

    CCurl_optionPostFieldSize = 30120,

    CCurl_errorBytes = 256,
};

typedef int (*CCurl_setopt)(void *_Nonnull handle, int option, ...);
typedef size_t (*CCurl_receiver)(char *_Nonnull bytes, size_t size, size_t count, void *_Nonnull context);

static inline int CCurl_setNumber(void *_Nonnull setopt, void *_Nonnull handle, int option, long value) {
    return ((CCurl_setopt)setopt)(handle, option, value);
}

static inline int CCurl_setCount(void *_Nonnull setopt, void *_Nonnull handle, int option, int64_t value) {
    return ((CCurl_setopt)setopt)(handle, option, value);
}

static inline int CCurl_setText(void *_Nonnull setopt, void *_Nonnull handle, int option, const char *_Nonnull text) {
    return ((CCurl_setopt)setopt)(handle, option, text);
}

static inline int CCurl_setPointer(void *_Nonnull setopt, void *_Nonnull handle, int option,
                                   const void *_Nullable value) {
    return ((CCurl_setopt)setopt)(handle, option, value);
}

static inline int CCurl_setReceiver(void *_Nonnull setopt, void *_Nonnull handle, int option,
                                    CCurl_receiver _Nonnull value) {
    return ((CCurl_setopt)setopt)(handle, option, value);
}

// struct curl_waitfd
typedef struct {
    int fd;
    short events;
    short revents;
} CCurl_waitfd;

// struct CURLMsg
typedef struct {
    int kind;
    void *_Nullable handle;
    union {
        void *_Nullable pointer;
        int result;
    } data;
} CCurl_message;
