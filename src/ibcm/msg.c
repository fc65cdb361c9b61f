// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/msg.h"

#include <string.h>

#include "base/wire.h"

enum {
	HEADER_LEN = 24,
	BASE_VERSION = 1,
	CM_CLASS = 0x07,
	CM_CLASS_VERSION = 2,
};

/* A field: where it is in the attribute, most significant bit first as the
 * tables of the specification count, and in struct ibcm_msg. */
struct field {
	uint16_t member;
	uint8_t size;  /* of the member, bytes */
	uint8_t byte;  /* of the attribute */
	uint8_t bit;   /* 0: the most significant of that byte */
	uint8_t width; /* bits; 0: `size` bytes as they are */
};

#define MEMBER(name)                                                           \
	offsetof(struct ibcm_msg, name), sizeof(((struct ibcm_msg *)0)->name)
#define BITS(name, byte, bit, width)                                           \
	{                                                                      \
		MEMBER(name), byte, bit, width                                 \
	}
#define U8(name, byte) BITS(name, byte, 0, 8)
#define U16(name, byte) BITS(name, byte, 0, 16)
#define U24(name, byte) BITS(name, byte, 0, 24)
#define U32(name, byte) BITS(name, byte, 0, 32)
#define U64(name, byte) BITS(name, byte, 0, 64)
#define BYTES(name, byte)                                                      \
	{                                                                      \
		MEMBER(name), byte, 0, 0                                       \
	}
#define IDS U32(local_id, 0), U32(remote_id, 4)
#define END                                                                    \
	{                                                                      \
		0, 0, 0, 0, 0                                                  \
	}

/* The 44 bytes that describe a path in REQ. */
#define REQ_PATH(name, at)                                                     \
	U16(name.local_lid, at), U16(name.remote_lid, (at) + 2),               \
		BYTES(name.local_gid, (at) + 4),                               \
		BYTES(name.remote_gid, (at) + 20),                             \
		BITS(name.flow_label, (at) + 36, 0, 20),                       \
		BITS(name.packet_rate, (at) + 39, 2, 6),                       \
		U8(name.traffic_class, (at) + 40),                             \
		U8(name.hop_limit, (at) + 41), BITS(name.sl, (at) + 42, 0, 4), \
		BITS(name.subnet_local, (at) + 42, 4, 1),                      \
		BITS(name.ack_timeout, (at) + 43, 0, 5)

static const struct field class_port_info[] = {
	U8(base_version, 0),
	U8(class_version, 1),
	U16(capability_mask, 2),
	BITS(response_time, 7, 3, 5),
	END,
};

static const struct field req[] = {
	U32(local_id, 0),
	U64(service_id, 8),
	U64(ca_guid, 16),
	U32(qkey, 28),
	U24(qpn, 32),
	U8(responder_resources, 35),
	U8(initiator_depth, 39),
	BITS(remote_timeout, 43, 0, 5),
	BITS(service, 43, 5, 2),
	BITS(flow_control, 43, 7, 1),
	U24(psn, 44),
	BITS(local_timeout, 47, 0, 5),
	BITS(retry_count, 47, 5, 3),
	U16(pkey, 48),
	BITS(mtu, 50, 0, 4),
	BITS(rdc_exists, 50, 4, 1),
	BITS(rnr_retry_count, 50, 5, 3),
	BITS(max_cm_retries, 51, 0, 4),
	BITS(srq, 51, 4, 1),
	BITS(extended_service, 51, 5, 3),
	REQ_PATH(path, 52),
	REQ_PATH(alternate, 96),
	END,
};

static const struct field mra[] = {
	IDS,
	BITS(about, 8, 0, 2),
	BITS(service_timeout, 9, 0, 5),
	END,
};

static const struct field rej[] = {
	IDS,
	BITS(about, 8, 0, 2),
	BITS(info_len, 9, 0, 7),
	U16(reason, 10),
	BYTES(info, 12),
	END,
};

static const struct field rep[] = {
	IDS,
	U32(qkey, 8),
	U24(qpn, 12),
	U24(psn, 20),
	U8(responder_resources, 24),
	U8(initiator_depth, 25),
	BITS(target_ack_delay, 26, 0, 5),
	BITS(failover, 26, 5, 2),
	BITS(flow_control, 26, 7, 1),
	BITS(rnr_retry_count, 27, 0, 3),
	BITS(srq, 27, 3, 1),
	U64(ca_guid, 28),
	END,
};

static const struct field ids_only[] = { IDS, END };

static const struct field dreq[] = { IDS, U24(qpn, 8), END };

static const struct field sidr_req[] = {
	U32(local_id, 0),
	U16(pkey, 4),
	U64(service_id, 8),
	END,
};

static const struct field sidr_rep[] = {
	U32(local_id, 0),    BITS(reason, 4, 0, 8),
	U8(info_len, 5),     U24(qpn, 8),
	U64(service_id, 12), U32(qkey, 20),
	BYTES(info, 24),     END,
};

static const struct field lap[] = {
	IDS,
	U24(qpn, 12),
	BITS(remote_timeout, 15, 0, 5),
	U16(path.local_lid, 20),
	U16(path.remote_lid, 22),
	BYTES(path.local_gid, 24),
	BYTES(path.remote_gid, 40),
	BITS(path.flow_label, 56, 0, 20),
	U8(path.traffic_class, 59),
	U8(path.hop_limit, 60),
	BITS(path.packet_rate, 61, 2, 6),
	BITS(path.sl, 62, 0, 4),
	BITS(path.subnet_local, 62, 4, 1),
	BITS(path.ack_timeout, 63, 0, 5),
	END,
};

static const struct field apr[] = {
	IDS, U8(info_len, 8), BITS(reason, 9, 0, 8), BYTES(info, 12), END,
};

/* Private data is the rest of the 232 bytes. */
static const struct attribute {
	const char *name;
	const struct field *fields;
	uint8_t private_at;
	uint8_t private_len;
} attributes[] = {
	[IBCM_CLASS_PORT_INFO] = { "ClassPortInfo", class_port_info, 0, 0 },
	[IBCM_REQ] = { "REQ", req, 140, 92 },
	[IBCM_MRA] = { "MRA", mra, 10, 222 },
	[IBCM_REJ] = { "REJ", rej, 84, 148 },
	[IBCM_REP] = { "REP", rep, 36, 196 },
	[IBCM_RTU] = { "RTU", ids_only, 8, 224 },
	[IBCM_DREQ] = { "DREQ", dreq, 12, 220 },
	[IBCM_DREP] = { "DREP", ids_only, 8, 224 },
	[IBCM_SIDR_REQ] = { "SIDR_REQ", sidr_req, 16, 216 },
	[IBCM_SIDR_REP] = { "SIDR_REP", sidr_rep, 96, 136 },
	[IBCM_LAP] = { "LAP", lap, 64, 168 },
	[IBCM_APR] = { "APR", apr, 84, 148 },
};

static const struct attribute *attribute_of(uint16_t attr)
{
	if (attr >= sizeof(attributes) / sizeof(*attributes) ||
	    !attributes[attr].name)
		return NULL;
	return &attributes[attr];
}

static uint64_t load_number(const uint8_t *from, const struct field *field)
{
	unsigned int end = field->bit + field->width;
	uint64_t value = 0;

	for (unsigned int i = 0; i < (end + 7) / 8; i++)
		value = value << 8 | from[i];
	value >>= (8 - end % 8) % 8;
	return field->width == 64 ? value
				  : value & ((1ull << field->width) - 1);
}

/* The bits around it are left as they are. */
static void store_number(uint8_t *to, const struct field *field, uint64_t value)
{
	for (unsigned int i = 0; i < field->width; i++) {
		unsigned int bit = field->bit + field->width - 1 - i;

		if (value >> i & 1)
			to[bit / 8] |= 0x80 >> bit % 8;
	}
}

static void set_member(void *member, size_t size, uint64_t value)
{
	uint32_t u32 = value;
	uint16_t u16 = value;
	uint8_t u8 = value;

	memcpy(member,
	       size == 8   ? (void *)&value
	       : size == 4 ? (void *)&u32
	       : size == 2 ? (void *)&u16
			   : (void *)&u8,
	       size);
}

static uint64_t get_member(const void *member, size_t size)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (size) {
	case 8:
		memcpy(&u64, member, size);
		return u64;
	case 4:
		memcpy(&u32, member, size);
		return u32;
	case 2:
		memcpy(&u16, member, size);
		return u16;
	default:
		return *(const uint8_t *)member;
	}
}

static void decode_field(struct ibcm_msg *msg, const struct field *field,
			 const uint8_t *attribute)
{
	const uint8_t *from = attribute + field->byte;
	uint8_t *member = (uint8_t *)msg + field->member;

	if (field->width)
		set_member(member, field->size, load_number(from, field));
	else
		memcpy(member, from, field->size);
}

static void encode_field(const struct ibcm_msg *msg, const struct field *field,
			 uint8_t *attribute)
{
	uint8_t *to = attribute + field->byte;
	const uint8_t *member = (const uint8_t *)msg + field->member;

	if (field->width)
		store_number(to, field, get_member(member, field->size));
	else
		memcpy(to, member, field->size);
}

/* Communication management only sends; ClassPortInfo is asked for (13.4.8.1,
 * table 104). */
static enum ibcm_verdict check_method(const struct ibcm_msg *msg)
{
	if (msg->attr != IBCM_CLASS_PORT_INFO)
		return msg->method == IBCM_SEND ? IBCM_OK : IBCM_METHOD;
	return msg->method == IBCM_GET || msg->method == IBCM_GET_RESP
		       ? IBCM_OK
		       : IBCM_METHOD;
}

static enum ibcm_verdict decode_header(struct ibcm_msg *msg, const uint8_t *p)
{
	if (p[0] != BASE_VERSION)
		return IBCM_VERSION;
	if (p[1] != CM_CLASS || p[2] != CM_CLASS_VERSION)
		return IBCM_CLASS;
	msg->method = p[3];
	msg->status = load_be16(p + 4);
	msg->tid = load_be64(p + 8);
	msg->attr = load_be16(p + 16);
	msg->attr_mod = load_be32(p + 20);
	if (!attribute_of(msg->attr))
		return IBCM_ATTRIBUTE;
	return check_method(msg);
}

enum ibcm_verdict ibcm_decode(struct ibcm_msg *msg, const uint8_t *bytes,
			      size_t len)
{
	const struct attribute *attribute;
	enum ibcm_verdict verdict;

	memset(msg, 0, sizeof(*msg));
	if (len != IBCM_MAD_LEN)
		return IBCM_LENGTH;
	verdict = decode_header(msg, bytes);
	if (verdict)
		return verdict;
	attribute = attribute_of(msg->attr);
	bytes += HEADER_LEN;
	for (const struct field *f = attribute->fields; f->size; f++)
		decode_field(msg, f, bytes);
	if (msg->info_len > IBCM_INFO_MAX)
		msg->info_len = IBCM_INFO_MAX;
	memcpy(msg->private_data, bytes + attribute->private_at,
	       attribute->private_len);
	return IBCM_OK;
}

static void encode_header(const struct ibcm_msg *msg, uint8_t *p)
{
	p[0] = BASE_VERSION;
	p[1] = CM_CLASS;
	p[2] = CM_CLASS_VERSION;
	p[3] = msg->method;
	store_be16(p + 4, msg->status);
	store_be64(p + 8, msg->tid);
	store_be16(p + 16, msg->attr);
	store_be32(p + 20, msg->attr_mod);
}

void ibcm_encode(const struct ibcm_msg *msg, uint8_t out[static IBCM_MAD_LEN])
{
	const struct attribute *attribute = attribute_of(msg->attr);

	memset(out, 0, IBCM_MAD_LEN);
	encode_header(msg, out);
	out += HEADER_LEN;
	for (const struct field *f = attribute->fields; f->size; f++)
		encode_field(msg, f, out);
	memcpy(out + attribute->private_at, msg->private_data,
	       attribute->private_len);
}

size_t ibcm_private_len(uint16_t attr)
{
	const struct attribute *attribute = attribute_of(attr);

	return attribute ? attribute->private_len : 0;
}

const char *ibcm_attr_name(uint16_t attr)
{
	const struct attribute *attribute = attribute_of(attr);

	return attribute ? attribute->name : "?";
}
