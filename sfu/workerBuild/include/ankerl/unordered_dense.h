// Stands in for ankerl::unordered_dense, which no Debian package carries: the standard containers under its names.
// They promise more than the originals (stable references), so the worker's code is served as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	// 64 well mixed bits, as the original promises; std::hash of an integer is the integer itself.
	template<typename T>
	struct hash
	{
		uint64_t operator()(const T& value) const noexcept
		{
			uint64_t bits = static_cast<uint64_t>(std::hash<T>{}(value));

			bits ^= bits >> 30;
			bits *= 0xbf58476d1ce4e5b9u;
			bits ^= bits >> 27;
			bits *= 0x94d049bb133111ebu;

			return bits ^ (bits >> 31);
		}
	};

	template<typename Key, typename Value, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using map = std::unordered_map<Key, Value, Hash, Equal>;

	template<typename Key, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using set = std::unordered_set<Key, Hash, Equal>;
} // namespace ankerl::unordered_dense
